import { always } from './row.ts'

// RFC 3030 §2
export const chunking = always('CHUNKING')
