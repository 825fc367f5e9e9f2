import { always, type ExtensionRow } from './row.ts'

// RFC 2034 §3
export const enhancedStatusCodes: ExtensionRow = { ...always('ENHANCEDSTATUSCODES'), inOdmr: true }
