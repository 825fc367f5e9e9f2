/** `class.subject.detail`, e.g. `5.1.1`; 2 success, 4 persistent transient failure, 5 permanent failure. */
// RFC 3463 §2
export type EnhancedStatus = `${2 | 4 | 5}.${number}.${number}`

/** Names of `subject.detail`, so that code speaks of reasons and not of numbers. */
export const STATUS_DETAILS = {
  /** Nothing more can be said. RFC 3463 §3.1 */
  undefined: '0.0',
  otherAddress: '1.0', // RFC 3463 §3.2
  badDestinationMailbox: '1.1', // RFC 3463 §3.2
  badDestinationSystem: '1.2', // RFC 3463 §3.2
  badDestinationSyntax: '1.3', // RFC 3463 §3.2
  ambiguousDestination: '1.4', // RFC 3463 §3.2
  destinationValid: '1.5', // RFC 3463 §3.2
  destinationMoved: '1.6', // RFC 3463 §3.2
  badSenderSyntax: '1.7', // RFC 3463 §3.2
  badSenderSystem: '1.8', // RFC 3463 §3.2
  nullMx: '1.10', // RFC 7505 §4.2
  otherMailbox: '2.0', // RFC 3463 §3.3
  mailboxDisabled: '2.1', // RFC 3463 §3.3
  mailboxFull: '2.2', // RFC 3463 §3.3
  messageTooLongForMailbox: '2.3', // RFC 3463 §3.3
  listExpansion: '2.4', // RFC 3463 §3.3
  otherSystem: '3.0', // RFC 3463 §3.4
  systemFull: '3.1', // RFC 3463 §3.4
  notAcceptingMessages: '3.2', // RFC 3463 §3.4
  incapable: '3.3', // RFC 3463 §3.4
  messageTooBig: '3.4', // RFC 3463 §3.4
  misconfigured: '3.5', // RFC 3463 §3.4
  priorityChanged: '3.6', // RFC 6710 §9.1
  otherNetwork: '4.0', // RFC 3463 §3.5
  noAnswer: '4.1', // RFC 3463 §3.5
  badConnection: '4.2', // RFC 3463 §3.5
  directoryFailure: '4.3', // RFC 3463 §3.5
  unableToRoute: '4.4', // RFC 3463 §3.5
  congestion: '4.5', // RFC 3463 §3.5
  loop: '4.6', // RFC 3463 §3.5
  expired: '4.7', // RFC 3463 §3.5
  otherProtocol: '5.0', // RFC 3463 §3.6
  invalidCommand: '5.1', // RFC 3463 §3.6
  syntaxError: '5.2', // RFC 3463 §3.6
  tooManyRecipients: '5.3', // RFC 3463 §3.6
  invalidArguments: '5.4', // RFC 3463 §3.6
  wrongVersion: '5.5', // RFC 3463 §3.6
  authExchangeTooLong: '5.6', // RFC 4954 §4.6
  otherMedia: '6.0', // RFC 3463 §3.7
  mediaNotSupported: '6.1', // RFC 3463 §3.7
  conversionProhibited: '6.2', // RFC 3463 §3.7
  conversionRequired: '6.3', // RFC 3463 §3.7
  nonAsciiAddress: '6.7', // RFC 6531 §3.7.4.1
  utf8ReplyRequired: '6.8', // RFC 6531 §3.7.4.1
  utf8HeaderNotTransferable: '6.9', // RFC 6531 §3.7.4.1
  otherSecurity: '7.0', // RFC 3463 §3.8
  notAuthorised: '7.1', // RFC 3463 §3.8
  listExpansionProhibited: '7.2', // RFC 3463 §3.8
  securityFeatures: '7.4', // RFC 3463 §3.8
  cryptographicFailure: '7.5', // RFC 3463 §3.8
  credentialsInvalid: '7.8', // RFC 4954 §6
  mechanismTooWeak: '7.9', // RFC 4954 §6
  /** Of the session; 7.11 is of a login. */
  encryptedSessionNeeded: '7.10', // RFC 8689 §4.2.1
  encryptionNeeded: '7.11', // RFC 4954 §6
  passwordTransition: '7.12', // RFC 4954 §6
  accountDisabled: '7.13', // RFC 5248 §2.4
  noPassingDkim: '7.20', // RFC 7372 §3.1
  spfFailed: '7.23', // RFC 7372 §3.2
  reverseDnsFailed: '7.25', // RFC 7372 §3.3
  multipleAuthChecksFailed: '7.26', // RFC 7372 §3.4
  senderHasNullMx: '7.27', // RFC 7505 §4.2
  requireTls: '7.30', // RFC 8689 §5
} as const

export type StatusDetail = keyof typeof STATUS_DETAILS

/** `enhancedStatus(5, 'badDestinationMailbox')` is `5.1.1`. */
export function enhancedStatus(severity: 2 | 4 | 5, detail: StatusDetail): EnhancedStatus {
  return `${severity}.${STATUS_DETAILS[detail]}`
}

/** Takes a status from the start of a reply's text, with the space that ends it; what is left is `rest`. */
// RFC 2034 §4, RFC 3463 §2
export function splitEnhancedStatus(
  text: string,
): { readonly status: EnhancedStatus; readonly rest: string } | undefined {
  const match = /^([245]\.\d{1,3}\.\d{1,3})(?: +|$)/.exec(text)
  return match ? { status: match[1] as EnhancedStatus, rest: text.slice(match[0].length) } : undefined
}

/** Reads a status that stands alone. */
export function parseEnhancedStatus(text: string): EnhancedStatus | undefined {
  return splitEnhancedStatus(text)?.rest === '' ? (text.trimEnd() as EnhancedStatus) : undefined
}
