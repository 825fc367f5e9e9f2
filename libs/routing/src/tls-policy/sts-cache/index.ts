/**
 * Policies of other domains, kept over a restart.
 * @packageDocumentation
 */
export { MemoryStsCache } from './memory.ts'
export { MAX_STORED_POLICIES, type StoredStsPolicy, type StsCache } from './port.ts'
export { openSqliteStsCache, type SqliteStsCache, type SqliteStsCacheOptions } from './sqlite.ts'
