import { always } from './row.ts'

// RFC 6531 §3.1
export const smtpUtf8 = always('SMTPUTF8')
