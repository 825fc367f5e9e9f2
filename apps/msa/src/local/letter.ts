import type { NotifyCondition } from '@cartero/smtp'
import type { QueueId } from '@cartero/spool'

/** What a program on this machine says of a message that it hands over. Addresses without a domain are completed. */
export interface LocalLetter {
  /** Under which name of the machine it runs: the sender, when none is named. */
  readonly user: string
  /** '' is the null path. */
  readonly sender?: string | undefined
  /** Stands before the sender in From, when the message has none. */
  readonly fullName?: string | undefined
  /** Addresses as a header has them, several in one with commas between them. */
  readonly recipients: readonly string[]
  /** To, Cc and Bcc name recipients, too; Bcc is dropped. */
  readonly isForHeader: boolean
  // RFC 3461 §4
  readonly notify?: readonly NotifyCondition[] | undefined
  readonly envelopeId?: string | undefined
  readonly return?: 'full' | 'headers' | undefined
}

/** What was refused, and how: the recipient, or without one the whole message. */
export interface LocalRefusal {
  readonly recipient?: string
  /** On one line, as an SMTP client would be told: `550 5.1.1 …`. */
  readonly reply: string
}

/** All of it or nothing: a message is never taken for some of its recipients. */
export type LocalOutcome =
  | { readonly kind: 'accepted'; readonly queueId: QueueId; readonly recipients: number }
  | { readonly kind: 'noRecipients' }
  | { readonly kind: 'refused'; readonly refusals: readonly LocalRefusal[] }
