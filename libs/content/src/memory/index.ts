/** Content in memory: for tests and for trying things out. Nothing survives the process. */
export { MemoryContentLog } from './memory-content-log.ts'
