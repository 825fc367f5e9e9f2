/** What every spool promises, as tests. Each adapter runs them. */
export { describeSpool } from './spool.ts'
