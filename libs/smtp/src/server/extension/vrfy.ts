import { provided } from './row.ts'

/** Where it says more than 252. */
// RFC 5321 §3.5.2
export const vrfy = provided('VRFY', ({ session }) => session.verify !== undefined)
