/** The spool in memory: for tests and for trying things out. Nothing survives the process. */
export { MemorySpool } from './memory-spool.ts'
