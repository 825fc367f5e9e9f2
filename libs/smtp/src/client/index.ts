/**
 * An SMTP and LMTP client as a machine without I/O, and the errand it runs. RFC 5321, RFC 2033
 * @packageDocumentation
 */
export {
  formatPath,
  parseForwardPath,
  parseReversePath,
  type ForwardPath,
  type ReversePath,
} from '../path.ts'
export { isPermanent, replyText, type Reply } from '../reply.ts'
export { replies, substitutes } from '../replies.ts'
export type { Offer } from '../extensions.ts'
export type { ProxiedClient } from '../verb/proxied.ts'
export { HEADER_OCTETS, type Content } from './content.ts'
export { messageConversion, type Conversion, type Converter } from './conversion.ts'
export {
  serveErrand,
  type AtrnRequest,
  type ClientEnding,
  type OutgoingRecipient,
  type OutgoingTransaction,
  type PeerFacts,
  type RecipientOutcome,
  type SmtpClientAnswer,
  type SmtpClientQuestion,
  type Inquiry,
  type SmtpErrand,
  type Stage,
} from './errand.ts'
export { DEFAULT_LIMITS, DEFAULT_PATIENCE, type ClientLimits, type ClientPatience } from './limits.ts'
export { replyStatus } from './reply-status.ts'
export { replyWords, WORDS_LIMITS } from './reply-words.ts'
export { SmtpClientMachine } from './machine.ts'
export type { ChooseMechanism, Downgrade, SmtpClientOptions } from './options.ts'
export { withoutSecret } from './without-secret.ts'
