import { always } from './row.ts'

// RFC 2034 §3
export const enhancedStatusCodes = always('ENHANCEDSTATUSCODES')
