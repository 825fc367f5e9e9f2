import { enhancedStatus, type StatusDetail } from '@cartero/syntax'
import { reply, type Reply } from './reply.ts'

/** A reply of the catalogue, with the rule that asks for it. */
export interface CatalogueReply extends Reply {
  readonly rfc: string
}

function say(code: number, detail: StatusDetail | undefined, text: string, rfc: string): CatalogueReply {
  const severity = code < 400 ? 2 : code < 500 ? 4 : 5
  return { ...reply(code, detail && enhancedStatus(severity, detail), text), rfc }
}

/**
 * Every reply that a server of ours gives, by name. No reply code stands anywhere else.
 * The enhanced code is chosen by the reason (RFC 2034 §4); functions are replies that name something.
 */
export const replies = {
  // 2yz and 3yz: as you wish
  greeting: (host: string) => say(220, undefined, `${host} ESMTP Cartero`, 'RFC 5321 §4.3.1'),
  readyForTls: say(220, 'undefined', 'Ready to start TLS', 'RFC 3207 §4'),
  goodbye: (host: string) => say(221, 'undefined', `${host} Goodbye`, 'RFC 5321 §4.1.1.10'),
  helo: (host: string) => say(250, undefined, host, 'RFC 5321 §4.1.1.1'),
  ehlo: (host: string, extensions: readonly string[]) =>
    say(250, undefined, [host, ...extensions].join('\n'), 'RFC 5321 §4.1.1.1'),
  done: say(250, 'undefined', 'OK', 'RFC 5321 §4.1.1.9'),
  senderAccepted: say(250, 'otherAddress', 'Sender OK', 'RFC 5321 §4.1.1.2'),
  // RFC 6710 §9.1: the text begins with the priority
  priorityChanged: (priority: number) =>
    say(250, 'priorityChanged', `${priority} is the priority, sender OK`, 'RFC 6710 §4.1'),
  recipientAccepted: say(250, 'destinationValid', 'Recipient OK', 'RFC 5321 §4.1.1.3'),
  deliveredAs: (id: string) => say(250, 'undefined', `Delivered as ${id}`, 'RFC 2033 §4.2'),
  queued: (id: string) => say(250, 'otherMedia', `Queued as ${id}`, 'RFC 5321 §4.1.1.4'),
  verified: (mailbox: string) => say(250, 'destinationValid', mailbox, 'RFC 5321 §3.5.1'),
  expanded: (mailboxes: readonly string[]) =>
    say(250, 'destinationValid', mailboxes.join('\n'), 'RFC 5321 §3.5.1'),
  help: (text: string) => say(214, 'undefined', text, 'RFC 5321 §4.1.1.8'),
  authenticated: say(235, 'otherSecurity', 'Authentication succeeded', 'RFC 4954 §4'),
  willForward: (path: string) =>
    say(251, 'destinationMoved', `User not local; will forward to ${path}`, 'RFC 5321 §3.4'),
  cannotVerify: say(252, 'destinationValid', 'Neither confirmed nor denied; try to send', 'RFC 5321 §3.5.3'),
  verifiedInUtf8: say(252, 'utf8ReplyRequired', 'Ask again with SMTPUTF8', 'RFC 6531 §3.7.4.2'),
  challenge: (base64: string) => say(334, undefined, base64, 'RFC 4954 §4'),
  queueStarted: (node: string) =>
    say(250, 'undefined', `OK, queuing for node ${node} started`, 'RFC 1985 §5.1'),
  queueEmpty: (node: string) =>
    say(251, 'undefined', `OK, no messages waiting for node ${node}`, 'RFC 1985 §5.1'),
  someQueued: (node: string) =>
    say(252, 'undefined', `OK, pending messages for node ${node} started`, 'RFC 1985 §5.1'),
  countQueued: (node: string, messages: number) =>
    say(253, 'undefined', `OK, ${messages} pending messages for node ${node} started`, 'RFC 1985 §5.1'),
  turning: say(250, 'undefined', 'OK, now reversing the connection', 'RFC 2645 §5.2.1'),
  chunkTaken: (octets: number) => say(250, 'undefined', `${octets} octets received`, 'RFC 3030 §2'),
  startData: say(354, undefined, 'End data with <CRLF>.<CRLF>', 'RFC 5321 §4.1.1.4'),

  // 4yz: not now
  shuttingDown: (host: string) =>
    say(421, 'notAcceptingMessages', `${host} is shutting down`, 'RFC 5321 §3.8'),
  tooSlow: (host: string) =>
    say(421, 'badConnection', `${host} waited too long for you`, 'RFC 5321 §4.5.3.2.7'),
  tooManyErrors: (host: string) =>
    say(421, 'otherSecurity', `${host} Too many errors, closing connection`, 'RFC 5321 §4.3.2'),
  tooMuchIdling: (host: string) =>
    say(421, 'otherSecurity', `${host} Too many commands without mail`, 'RFC 5321 §7.8'),
  tooManyAuthFailures: (host: string) =>
    say(421, 'otherSecurity', `${host} Too many failed authentications`, 'RFC 4954 §9'),
  tooManyCommands: (host: string) =>
    say(421, 'otherSecurity', `${host} Too many commands, come again`, 'RFC 5321 §7.8'),
  tooManyMessages: (host: string) =>
    say(421, 'congestion', `${host} Too many messages in one connection, come again`, 'RFC 9422 §4.1'),
  tooLongConnected: (host: string) =>
    say(421, 'congestion', `${host} You have been here for long, come again`, 'RFC 5321 §7.8'),
  tooManyConnections: (host: string) =>
    say(421, 'congestion', `${host} Too many connections, try again later`, 'RFC 5321 §7.8'),
  notAvailable: (host: string) =>
    say(421, 'otherSystem', `${host} Service not available, try again later`, 'RFC 5321 §4.3.2'),
  foreignProtocol: (host: string) => say(421, 'invalidCommand', `${host} speaks SMTP only`, 'RFC 5321 §7.8'),
  mailboxBusy: say(450, 'otherMailbox', 'Mailbox busy, try again later', 'RFC 5321 §4.2.2'),
  turnRefused: say(450, 'notAuthorised', 'Request to turn refused', 'RFC 2645 §5.2.1'),
  turnTooSoon: say(450, 'notAuthorised', 'Request to turn refused, ask again later', 'RFC 2645 §5.2.1'),
  turnUnderWay: say(451, 'otherSystem', 'This mail is being given out already', 'RFC 2645 §5.2.1'),
  cannotTurnNow: say(451, 'otherSystem', 'Unable to turn now, ask again later', 'RFC 2645 §5.2.1'),
  noMailWaiting: say(453, 'undefined', 'You have no mail', 'RFC 2645 §5.2.1'),
  queueNotStarted: (node: string, reason?: string) =>
    say(
      458,
      'otherSystem',
      `Unable to queue messages for node ${node}${reason === undefined ? '' : `: ${reason}`}`,
      'RFC 1985 §5.1',
    ),
  nodeNotAllowed: (node: string, reason: string) =>
    say(459, 'notAuthorised', `Node ${node} not allowed: ${reason}`, 'RFC 1985 §5.1'),
  tryLater: say(451, 'otherSystem', 'Internal error, try again later', 'RFC 5321 §4.2.4'),
  storeAway: say(451, 'otherSystem', 'Mail cannot be stored now, try again later', 'RFC 5321 §4.2.4'),
  directoryAway: say(
    451,
    'directoryFailure',
    'Address cannot be checked now, try again later',
    'RFC 5321 §4.2.4',
  ),
  sendingTooFast: say(450, 'notAuthorised', 'You are sending too fast, try again later', 'RFC 6409 §6.2'),
  notAtTerminal: say(450, 'otherMailbox', 'User is not at a terminal', 'RFC 821 §3.4'),
  policyDeferral: say(450, 'notAuthorised', 'Refused by policy for now', 'RFC 2505 §2.13'),
  storeFull: say(452, 'systemFull', 'Insufficient system storage', 'RFC 1870 §6.1'),
  mailboxFull: say(452, 'mailboxFull', 'Mailbox is full', 'RFC 5321 §4.2.2'),
  noRoomToWait: say(
    452,
    'mailboxFull',
    'Too much mail waits for this domain, try again later',
    'RFC 5321 §4.2.2',
  ),
  tooManyRecipients: say(452, 'tooManyRecipients', 'Too many recipients', 'RFC 5321 §4.5.3.1.10'),
  authNotAvailable: say(454, 'otherSecurity', 'Temporary authentication failure', 'RFC 4954 §6'),

  // 50z: your words
  unknownCommand: say(500, 'invalidCommand', 'Unknown command', 'RFC 5321 §4.2.4'),
  lineTooLong: say(500, 'syntaxError', 'Line too long', 'RFC 5321 §4.5.3.1.4'),
  authLineTooLong: say(500, 'authExchangeTooLong', 'Authentication exchange line is too long', 'RFC 4954 §4'),
  bareNewlineInCommand: say(500, 'syntaxError', 'Bare CR or LF in command', 'RFC 5321 §2.3.8'),
  controlInCommand: say(501, 'syntaxError', 'Control character in command', 'RFC 5321 §4.1.2'),
  syntax: (help: string) => say(501, 'invalidArguments', `Syntax: ${help}`, 'RFC 5321 §4.2.2'),
  badHostname: say(
    501,
    'invalidArguments',
    'Your host name or address literal is needed',
    'RFC 5321 §4.1.1.1',
  ),
  badSender: say(501, 'badSenderSyntax', 'Bad sender address', 'RFC 5321 §4.1.1.2'),
  badRecipient: say(501, 'badDestinationSyntax', 'Bad recipient address', 'RFC 5321 §4.1.1.3'),
  badParameter: (keyword: string) =>
    say(501, 'invalidArguments', `Bad or repeated parameter ${keyword}`, 'RFC 5321 §4.1.1.11'),
  deliverByTooSoon: (minimum: number) =>
    say(501, 'invalidArguments', `Delivery takes ${minimum} seconds at least`, 'RFC 2852 §4.1'),
  holdTooLong: say(501, 'invalidArguments', 'Message cannot be kept back for so long', 'RFC 4865 §3'),
  tooManyDomains: (limit: number) =>
    say(501, 'invalidArguments', `No more than ${limit} domains; none asks for all`, 'RFC 2645 §5.2.1'),
  noArguments: say(501, 'invalidArguments', 'No arguments, please', 'RFC 5321 §4.2.2'),
  authCancelled: say(501, 'otherSecurity', 'Authentication cancelled', 'RFC 4954 §4'),
  badBase64: say(501, 'syntaxError', 'Cannot decode base64', 'RFC 4954 §4'),
  authMalformed: say(501, 'invalidArguments', 'Malformed authentication data', 'RFC 4954 §4'),
  notImplemented: say(502, 'invalidCommand', 'Command not implemented', 'RFC 5321 §4.2.4'),
  badSequence: (need: string) => say(503, 'invalidCommand', `Bad sequence: ${need}`, 'RFC 5321 §4.1.4'),
  pipelinedBehind: (verb: string) =>
    say(503, 'otherProtocol', `Nothing may be pipelined behind ${verb}`, 'RFC 2920 §3.1'),
  alreadyInTls: say(503, 'invalidCommand', 'TLS is active already', 'RFC 3207 §4'),
  alreadyAuthenticated: say(503, 'invalidCommand', 'Already authenticated', 'RFC 4954 §4'),
  unknownMechanism: say(504, 'invalidArguments', 'Unknown authentication mechanism', 'RFC 4954 §4'),

  // 52z, 53z and 55z: refused
  acceptsNoMail: (host: string) =>
    say(521, 'notAcceptingMessages', `${host} does not accept mail`, 'RFC 7504 §3'),
  tlsRequired: say(530, 'otherSecurity', 'Must issue a STARTTLS command first', 'RFC 3207 §4'),
  authRequired: say(530, 'otherSecurity', 'Authentication required', 'RFC 4954 §6'),
  credentialsInvalid: say(535, 'credentialsInvalid', 'Authentication credentials invalid', 'RFC 4954 §6'),
  encryptionNeeded: say(538, 'encryptionNeeded', 'Encryption required for this mechanism', 'RFC 4954 §6'),
  noSuchMailbox: say(550, 'badDestinationMailbox', 'No such mailbox here', 'RFC 5321 §4.2.2'),
  mailboxDisabled: say(550, 'mailboxDisabled', 'Mailbox disabled', 'RFC 5321 §4.2.2'),
  notAuthorised: say(550, 'notAuthorised', 'Not authorised', 'RFC 5321 §4.2.2'),
  relayDenied: say(550, 'notAuthorised', 'Relaying denied', 'RFC 5321 §7.7'),
  noRouteOut: say(550, 'unableToRoute', 'This server does not send mail to other hosts', 'RFC 5321 §3.3'),
  senderNotAllowed: say(550, 'notAuthorised', 'Sender address is not yours to use', 'RFC 6409 §6.1'),
  aList: say(550, 'otherAddress', 'That is a mailing list, not a user', 'RFC 5321 §3.5.1'),
  notAList: say(550, 'otherAddress', 'That is a user name, not a mailing list', 'RFC 5321 §3.5.1'),
  authorNotAllowed: say(550, 'notAuthorised', 'Author address is not yours to use', 'RFC 6409 §6.3'),
  senderDomainUnknown: say(550, 'badSenderSystem', 'Sender domain does not exist', 'RFC 2505 §2.9'),
  senderHasNullMx: say(550, 'senderHasNullMx', 'Sender domain accepts no mail', 'RFC 7505 §4.2'),
  solicitationRefused: (keyword: string) =>
    say(550, 'notAuthorised', `SOLICIT=${keyword} is not wanted here`, 'RFC 3865 §2.4'),
  expandedInUtf8: say(550, 'utf8ReplyRequired', 'Ask again with SMTPUTF8', 'RFC 6531 §3.7.4.2'),
  proxyNotTrusted: say(550, 'otherSecurity', 'Insufficient authorisation', 'RFC 5321 §4.1.5'),
  policyRefusal: say(550, 'otherSecurity', 'Refused by policy', 'RFC 5321 §7.9'),
  bareNewline: say(550, 'otherMedia', 'Message contains bare CR or LF', 'RFC 5321 §2.3.8'),
  nulOctet: say(550, 'otherMedia', 'Message contains NUL octets', 'RFC 2045 §2.8'),
  loop: say(554, 'loop', 'Too many hops, the message loops', 'RFC 5321 §6.3'),
  notLocal: (path: string) =>
    say(551, 'destinationMoved', `User not local; please try ${path}`, 'RFC 5321 §3.4'),
  messageTooBig: say(552, 'messageTooBig', 'Message exceeds the maximum size', 'RFC 1870 §6.1'),
  headerTooBig: (limit: string) =>
    say(552, 'messageTooBig', `Message header has too many ${limit}`, 'RFC 5321 §7.8'),
  ambiguous: (mailboxes: readonly string[]) =>
    say(553, 'ambiguousDestination', ['User ambiguous', ...mailboxes].join('\n'), 'RFC 5321 §3.5.1'),
  nonAsciiAddress: say(553, 'nonAsciiAddress', 'Non-ASCII address needs SMTPUTF8', 'RFC 6531 §3.5'),
  noService: (host: string) =>
    say(554, 'notAcceptingMessages', `${host} No SMTP service here`, 'RFC 5321 §3.1'),
  earlyTalker: (host: string) =>
    say(554, 'otherProtocol', `${host} You spoke before the greeting`, 'RFC 5321 §3.1'),
  unqualifiedSender: say(554, 'badSenderSystem', 'Sender domain must be fully qualified', 'RFC 6409 §4.2'),
  unqualifiedRecipient: say(
    554,
    'badDestinationSystem',
    'Recipient domain must be fully qualified',
    'RFC 6409 §4.2',
  ),
  malformedHeader: (what: string) =>
    say(554, 'otherMedia', `Message header is malformed: ${what}`, 'RFC 6409 §6.3'),
  notEncodable: (why: string) =>
    say(554, 'conversionRequired', `Message cannot be encoded: ${why}`, 'RFC 6409 §8.4'),
  noValidRecipients: say(554, 'otherProtocol', 'No valid recipients', 'RFC 5321 §3.3'),
  unknownParameter: (keyword: string) =>
    say(555, 'invalidArguments', `Parameter ${keyword} not recognised`, 'RFC 5321 §4.1.1.11'),
  nullMx: say(556, 'nullMx', 'Recipient domain accepts no mail', 'RFC 7505 §4.2'),
} as const

/**
 * What stands in for the words of a peer that said none, or was not asked: for outcomes and bounces, never sent.
 */
export const substitutes = {
  connectionLost: say(421, 'badConnection', 'Connection lost', 'RFC 5321 §4.5.4.1'),
  timedOut: (stage: string) =>
    say(421, 'badConnection', `No answer to ${stage} in time`, 'RFC 5321 §4.5.3.2'),
  notUnderstood: (what: string) => say(451, 'otherProtocol', `Peer not understood: ${what}`, 'RFC 5321 §4.2'),
  tlsUnavailable: say(454, 'securityFeatures', 'TLS is required and not offered', 'RFC 3207 §4'),
  authUnavailable: say(454, 'securityFeatures', 'No common authentication mechanism', 'RFC 4954 §4'),
  serverNotProven: say(454, 'cryptographicFailure', 'Server failed to prove itself', 'RFC 5802 §3'),
  contentUnreadable: say(451, 'otherSystem', 'Message cannot be read now', 'RFC 5321 §4.2.4'),
  messageTooBig: say(552, 'messageTooBig', 'Message exceeds what the peer takes', 'RFC 1870 §6.1'),
  utf8Incapable: say(550, 'nonAsciiAddress', 'Peer does not support SMTPUTF8', 'RFC 6531 §3.2'),
  utf8HeaderIncapable: say(
    550,
    'utf8HeaderNotTransferable',
    'Peer does not support SMTPUTF8',
    'RFC 6531 §3.7.4.1',
  ),
  conversionRequired: say(554, 'conversionRequired', 'Peer takes no 8-bit data', 'RFC 6152 §3'),
  conversionProhibited: say(
    554,
    'conversionProhibited',
    'Peer takes no 8-bit data, and a signed message is not converted',
    'RFC 3463 §3.7',
  ),
  requireTlsIncapable: say(550, 'requireTls', 'REQUIRETLS support required', 'RFC 8689 §4.2.1'),
  deliverByIncapable: say(550, 'incapable', 'Peer cannot deliver by the time asked for', 'RFC 2852 §4'),
  deliveryTimeOver: say(550, 'expired', 'Delivery time expired', 'RFC 2852 §4'),
  sendIncapable: say(550, 'incapable', 'Peer reaches no terminals', 'RFC 821 §3.4'),
  holdIncapable: say(550, 'incapable', 'Peer cannot hold messages back', 'RFC 4865 §4'),
  sessionUsedUp: say(421, 'otherProtocol', 'Peer takes no more messages in this session', 'RFC 9422 §4.1'),
  tlsFailed: say(454, 'cryptographicFailure', 'TLS handshake failed', 'RFC 3207 §4.1'),
} as const
