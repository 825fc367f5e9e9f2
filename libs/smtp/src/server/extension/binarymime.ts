import { provided } from './row.ts'

/** Needs CHUNKING, which is always there. */
// RFC 3030 §3
export const binaryMime = provided('BINARYMIME', (_dialogue, { binary }) => binary === true)
