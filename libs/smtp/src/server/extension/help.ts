import { always, type ExtensionRow } from './row.ts'

// RFC 5321 §4.1.1.1
export const help: ExtensionRow = { ...always('HELP'), inOdmr: true }
