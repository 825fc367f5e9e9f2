/**
 * Extensions a session may bring. Everything else in CAPABILITY is the machine's own doing and always there.
 * What is advertised follows from what the session can do (see `extensionsOf`).
 */
export type Extension = 'MOVE' | 'IDLE' | 'UIDPLUS' | 'SPECIAL-USE' | 'CONDSTORE' | 'BINARY' | 'SEARCHRES'

/** What CAPABILITY depends on. */
export interface CapabilityFacts {
  readonly authenticated: boolean
  readonly tls: boolean
  /** STARTTLS can be had on this connection. */
  readonly startTls: boolean
  /** Password mechanisms and LOGIN may be used now. */
  readonly login: boolean
  readonly mechanisms: readonly string[]
  readonly extensions: ReadonlySet<Extension>
  /** Octets, RFC 7889. */
  readonly appendLimit: number
  /** Names an operator switched off. */
  readonly hidden: ReadonlySet<string>
}

/** What IMAP4rev2 has and rev1 has not, as far as a session must bring it (RFC 9051 Appendix E). */
const REV2_NEEDS: readonly Extension[] = ['MOVE', 'IDLE', 'UIDPLUS', 'SPECIAL-USE', 'BINARY', 'SEARCHRES']

/** The capabilities to announce, in a steady order. Before login only what is of use there. */
export function capabilities(facts: CapabilityFacts): readonly string[] {
  const names = [...base(facts), ...(facts.authenticated ? extensions(facts) : login(facts))]
  return names.filter((name) => !facts.hidden.has(name))
}

export function isRev2(facts: Pick<CapabilityFacts, 'extensions' | 'hidden'>): boolean {
  return !facts.hidden.has('IMAP4rev2') && REV2_NEEDS.every((name) => facts.extensions.has(name))
}

function base(facts: CapabilityFacts): readonly string[] {
  const revisions = isRev2(facts) ? ['IMAP4rev2', 'IMAP4rev1'] : ['IMAP4rev1']
  return [...revisions, 'LITERAL+', 'ID', 'ENABLE', 'SASL-IR']
}

// RFC 3501 §6.2.3: LOGINDISABLED where LOGIN would be refused
function login(facts: CapabilityFacts): readonly string[] {
  return [
    ...(facts.startTls && !facts.tls ? ['STARTTLS'] : []),
    ...(facts.login ? [] : ['LOGINDISABLED']),
    ...facts.mechanisms.map((name) => `AUTH=${name}`),
  ]
}

const OWN: readonly string[] = [
  'NAMESPACE',
  'UNSELECT',
  'CHILDREN',
  'ESEARCH',
  'LIST-EXTENDED',
  'LIST-STATUS',
  'STATUS=SIZE',
]

function extensions(facts: CapabilityFacts): readonly string[] {
  const brought = [...facts.extensions]
  if (facts.extensions.has('SPECIAL-USE')) brought.push('CREATE-SPECIAL-USE' as Extension)
  return [...OWN, ...brought, `APPENDLIMIT=${facts.appendLimit}`]
}
