/** What could not be done. */
export type DialStage = 'connect' | 'handshake' | 'certificate'

/** Who can mend it: whoever runs the other host, whoever runs this one, or nobody, because the caller gave up. */
export type DialFault = 'peer' | 'operator' | 'caller'

/** One address that did not connect. */
export interface FailedAttempt {
  readonly address: string
  readonly code: string
}

/** There is no connection, or none that may be used. `code` is as Node or OpenSSL names it. */
export class DialError extends Error {
  override readonly name = 'DialError'
  readonly stage: DialStage
  readonly code: string
  readonly fault: DialFault
  /** Every address that was tried in vain, when there is no connection; in the order in which they failed. */
  readonly attempts: readonly FailedAttempt[]

  constructor(
    stage: DialStage,
    code: string,
    reason: string,
    { attempts = [], ...options }: ErrorOptions & { readonly attempts?: readonly FailedAttempt[] } = {},
  ) {
    super(reason, options)
    this.attempts = attempts
    this.stage = stage
    this.code = code
    this.fault = faultOf(stage, code)
  }
}

/** What lies in this host: no such address of ours, no route, no descriptors, no permission. */
const OURS = new Set([
  'EACCES',
  'EADDRINUSE',
  'EADDRNOTAVAIL',
  'EAFNOSUPPORT',
  'EINVAL',
  'EMFILE',
  'ENETDOWN',
  'ENETUNREACH',
  'ENFILE',
  'ENOBUFS',
  'EPERM',
])

/** The peer did not like the certificate that we showed, or wants one. */
const ABOUT_OUR_CERTIFICATE = /_ALERT_(?:\w*CERTIFICATE\w*|UNKNOWN_CA|ACCESS_DENIED)$/

/** Of what went wrong with several addresses the code that says most: of the peer, where one of them is, and of the first. */
export function tellingCode(attempts: readonly FailedAttempt[]): string {
  return (attempts.find(({ code }) => !OURS.has(code)) ?? attempts[0])?.code ?? 'ENOTFOUND'
}

function faultOf(stage: DialStage, code: string): DialFault {
  if (code === 'ABORT_ERR') return 'caller'
  if (stage === 'connect') return OURS.has(code) ? 'operator' : 'peer'
  return stage === 'handshake' && ABOUT_OUR_CERTIFICATE.test(code) ? 'operator' : 'peer'
}
