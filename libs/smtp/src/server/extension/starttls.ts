import { provided, type ExtensionRow } from './row.ts'

/** Not once it was started. */
// RFC 3207 §4.2
export const startTls: ExtensionRow = {
  ...provided('STARTTLS', ({ policy, tls }) => policy.startTls && tls === undefined),
  inOdmr: true,
}
