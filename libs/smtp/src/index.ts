/**
 * The words of SMTP, as clients and servers share them. RFC 5321
 * @packageDocumentation
 */
export { CommandScanner } from './command-scanner.ts'
export { PARSERS, splitVerb, type SmtpCommand, type Verb } from './command.ts'
export { EXTENSIONS, parseOffer, type Extension, type Offer } from './extensions.ts'
export { MAIL_PARAMETERS, type DeliverBy, type MailParameters } from './parameters/mail-parameters.ts'
export { RCPT_PARAMETERS, type NotifyCondition, type RcptParameters } from './parameters/rcpt-parameters.ts'
export type { ParameterRow } from './parameters/row.ts'
export { formatPath, parseForwardPath, parseReversePath, type ForwardPath, type ReversePath } from './path.ts'
export { ReplyError, type Fault } from './reply-error.ts'
export { replies, substitutes, type CatalogueReply } from './replies.ts'
export {
  formatReply,
  isPermanent,
  isPositive,
  parseReplyText,
  reply,
  REPLY_LINE_OCTETS,
  replyText,
  type Reply,
} from './reply.ts'
export { formatAtrn, type AtrnCommand } from './verb/atrn.ts'
export type { AuthCommand } from './verb/auth.ts'
export { formatEtrn, formatNode, type EtrnCommand, type QueueNode } from './verb/etrn.ts'
export type { GreetingCommand } from './verb/greeting.ts'
export type { LookUpCommand } from './verb/look-up.ts'
export type { MailCommand } from './verb/mail.ts'
export type { PlainCommand, TextCommand } from './verb/plain.ts'
export { formatProxied, type ProxiedClient, type ProxiedCommand } from './verb/proxied.ts'
export type { RcptCommand } from './verb/rcpt.ts'
