import { provided, type ExtensionRow } from './row.ts'

/** SEND, SOML and SAML, each a keyword. */
// RFC 821 §3.4
export const terminals: readonly ExtensionRow[] = (['SEND', 'SOML', 'SAML'] as const).map((verb) =>
  provided(verb, (_dialogue, honours) => honours.terminals === true),
)
