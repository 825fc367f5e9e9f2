import { provided } from './row.ts'

// RFC 1985 §2
export const etrn = provided('ETRN', ({ session }) => session.etrn !== undefined)
