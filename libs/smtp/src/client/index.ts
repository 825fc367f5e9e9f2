/**
 * An SMTP client as a machine without I/O, and the errand it runs. RFC 5321
 * @packageDocumentation
 */
export {
  formatPath,
  parseForwardPath,
  parseReversePath,
  type ForwardPath,
  type ReversePath,
} from '../path.ts'
export { replyText, type Reply } from '../reply.ts'
export type { Offer } from '../extensions.ts'
export {
  serveErrand,
  type ChooseMechanism,
  type ClientEnding,
  type OutgoingTransaction,
  type PeerFacts,
  type RecipientOutcome,
  type SmtpClientAnswer,
  type SmtpClientQuestion,
  type SmtpErrand,
  type Stage,
} from './errand.ts'
export { DEFAULT_PATIENCE, type ClientPatience } from './limits.ts'
export { SmtpClientMachine } from './machine.ts'
export type { SmtpClientOptions } from './options.ts'
