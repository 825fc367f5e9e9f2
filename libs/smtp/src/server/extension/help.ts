import { always } from './row.ts'

// RFC 5321 §4.1.1.1
export const help = always('HELP')
