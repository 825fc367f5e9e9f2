import { provided } from './row.ts'

// RFC 5321 §3.5.2
export const expn = provided('EXPN', ({ session }) => session.expand !== undefined)
