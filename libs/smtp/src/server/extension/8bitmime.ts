import { always } from './row.ts'

// RFC 6152 §3
export const eightBitMime = always('8BITMIME')
