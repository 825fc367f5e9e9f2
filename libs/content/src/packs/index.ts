/**
 * Contents in packs, in an object store.
 * @packageDocumentation
 */
export { PACK_LIMITS, type PackLimits } from './limits.ts'
export { openPackedContent, type PackedContentOptions } from './packed-content.ts'
