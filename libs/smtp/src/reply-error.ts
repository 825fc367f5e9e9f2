import { replyText, type Reply } from './reply.ts'

/**
 * Whose doing a refusal is: the peer's (words, permissions), the operator's (configuration), our store's (full, away),
 * or a deadline's (somebody asked took too long).
 */
export type Fault = 'peer' | 'operator' | 'store' | 'deadline'

/**
 * A refusal with two faces: `reply` is what the peer is told, `reason` what the log is told. Thrown by sessions and by
 * the grammar; everything else that is thrown is a bug.
 */
export class ReplyError extends Error {
  override readonly name = 'ReplyError'
  readonly reply: Reply
  readonly reason: string
  readonly fault: Fault

  constructor(
    reply: Reply,
    options: { readonly reason?: string; readonly fault?: Fault; readonly cause?: unknown } = {},
  ) {
    const reason = options.reason ?? replyText(reply)
    super(reason, options.cause === undefined ? undefined : { cause: options.cause })
    this.reply = reply
    this.reason = reason
    this.fault = options.fault ?? 'peer'
  }
}
