/**
 * An SMTP server as a machine without I/O, and the session it asks. RFC 5321
 * @packageDocumentation
 */
export { NewlineReader } from '../framing/newline-reader.ts'
export { ReplyError, type Fault } from '../reply-error.ts'
export { replies } from '../replies.ts'
export { formatNode, type QueueNode } from '../verb/etrn.ts'
export { isPositive, reply, replyText, type Reply } from '../reply.ts'
export type { GreetingCommand } from '../verb/greeting.ts'
export type { MailCommand } from '../verb/mail.ts'
export type { ProxiedClient } from '../verb/proxied.ts'
export type { RcptCommand } from '../verb/rcpt.ts'
export type { Ending, SmtpEvent } from './events.ts'
export { DEFAULT_LIMITS, type SmtpServerLimits } from './limits.ts'
export { SmtpServerMachine } from './machine.ts'
export type { Protocol, SmtpServerOptions } from './options.ts'
export { serveSession, type SmtpAnswer, type SmtpQuestion } from './question.ts'
export type {
  AuthSession,
  EtrnSession,
  ExpandSession,
  Honours,
  LmtpSession,
  Reversal,
  ServedSession,
  SessionCapabilities,
  SmtpSession,
  TurnSession,
  Verdict,
  VerifySession,
  XclientSession,
  XforwardSession,
} from './session.ts'
