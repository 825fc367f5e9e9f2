/**
 * Where packs lie.
 * @packageDocumentation
 */
export { OBJECT_LIMITS, type AttemptLimits } from './attempts.ts'
export { MemoryObjects } from './memory-objects.ts'
export type { ObjectStore, StoredObject } from './ports.ts'
