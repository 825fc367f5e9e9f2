/** Procedures of archives, for the worker: imported by the modules of rooms. */
export { tableProcedures, type TableProcedures } from './sqlite-procedures.ts'
