import type { Domain } from '@cartero/syntax'

/**
 * What is done for submitted mail beyond taking it: one key for each action of RFC 6409, in its order. Actions that this
 * version does not take are listed at the end of this file.
 */
export interface SubmissionPolicy {
  /** Domains of one label, `tim@sales`. See `qualified-domains.ts`. */
  // RFC 6409 §4.2
  readonly unqualifiedDomains: 'refuse' | 'expand' | 'accept'
  /** What `expand` puts behind them. */
  readonly qualifyWith: Domain | undefined
  /** Addresses in the header that no reply could be sent to. See `header-addresses.ts`. */
  // RFC 6409 §5.1
  readonly headerAddresses: 'refuse' | 'accept'
  /** Whom an account may name as author in the header. See `header-rights.ts`. */
  // RFC 6409 §6.1, RFC 6409 §6.3
  readonly headerFrom: 'own' | 'any'
  /** Fields that there may be one of. See `message-data.ts`. */
  // RFC 6409 §6.3
  readonly messageData: 'refuse' | 'accept'
  /** Anybody may write to our postmaster, without login. */
  // RFC 6409 §6.4
  readonly openPostmaster: boolean
  /** A Sender field where the author is somebody else. See `sender-field.ts`. */
  // RFC 6409 §8.1
  readonly addSender: boolean
  // RFC 6409 §8.2
  readonly addDate: boolean
  // RFC 6409 §8.3
  readonly addMessageId: boolean
  /** What submitted octets are encoded to before they are kept. Signed parts that do not fit are refused. */
  // RFC 6409 §8.4
  readonly transferEncode: 'never' | '8bit' | '7bit'
  /** Fields that must not leave the house. See `header-edit.ts`. */
  // RFC 6409 §8
  readonly dropFields: readonly string[]
  /** Domains by other names, in envelope and header. See `rewritten-domains.ts`. */
  // RFC 6409 §8.8
  readonly rewriteDomains: ReadonlyMap<Domain, Domain>
}

export const DEFAULT_SUBMISSION_POLICY: SubmissionPolicy = {
  // What the name means elsewhere is not ours to guess.
  unqualifiedDomains: 'refuse',
  qualifyWith: undefined,
  // Who is asked now can mend it; the recipient who cannot reply never can.
  headerAddresses: 'refuse',
  // Lists, services and people with several addresses write in other names; then addSender tells who it was.
  headerFrom: 'any',
  // With two authors each reader believes another one.
  messageData: 'refuse',
  // Whoever cannot log in can write from elsewhere; spam comes where no login is needed.
  openPostmaster: false,
  addSender: true,
  addDate: true,
  addMessageId: true,
  // Whoever sends it on to a host that cannot take it as it is encodes it then.
  transferEncode: 'never',
  // RFC 5322 §3.6.3: blind copies are to stay blind. RFC 5321 §4.4: a return path is for the final delivery to add.
  dropFields: ['Bcc', 'Return-Path'],
  rewriteDomains: new Map(),
}

// RFC 6409 §6.5 todo: character encodings are left as they are; domains of the envelope are A-labels in any case
// RFC 6409 §8.5 todo: nothing is signed
// RFC 6409 §8.6 todo: nothing is encrypted
// RFC 6409 §8.7 todo: aliases of domains (CNAME) are left as they are written, as RFC 5321 §2.3.5 permits
