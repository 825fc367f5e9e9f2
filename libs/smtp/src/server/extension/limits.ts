import type { ExtensionRow } from './row.ts'

// RFC 9422 §4.1, RFC 9422 §4.2
export const limits: ExtensionRow = {
  extension: 'LIMITS',
  offer: ({ policy }) => `MAILMAX=${policy.limits.transactions} RCPTMAX=${policy.limits.recipients}`,
}
