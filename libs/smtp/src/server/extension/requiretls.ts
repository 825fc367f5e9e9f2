import type { ExtensionRow } from './row.ts'

/** Offered under TLS only. Its parameter is understood before, too, so that the client hears what is missing. */
// RFC 8689 §2
export const requireTls: ExtensionRow = {
  extension: 'REQUIRETLS',
  offer: ({ tls }, honours) => (honours.requireTls === true && tls !== undefined ? '' : undefined),
  understood: (_dialogue, honours) => honours.requireTls === true,
}
