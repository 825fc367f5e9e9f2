import { always } from './row.ts'

// RFC 2920 §3
export const pipelining = always('PIPELINING')
