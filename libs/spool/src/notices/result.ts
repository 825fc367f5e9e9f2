import type { EnhancedStatus } from '@cartero/syntax'

/** The host that said something of a recipient, and its words. */
export interface RemoteReply {
  /** Its name, as it was asked for. */
  readonly host: string
  /** As it came, such as `550 5.1.1 unknown`. */
  readonly reply: string
}

/** What became of one recipient in one attempt. */
export type RecipientResult =
  /** Final: it is in the mailbox, or handed on to whom we have nothing to do with any more. */
  | { readonly kind: 'delivered' }
  /** A host has it that does not speak of success (no DSN extension): nobody but us will. */
  | { readonly kind: 'relayed'; readonly remote?: RemoteReply }
  /** A host has it that was told what the sender wants to know. */
  | { readonly kind: 'passed'; readonly remote?: RemoteReply }
  | Trouble

export interface Trouble {
  /** `deferred` is tried again. */
  readonly kind: 'failed' | 'deferred'
  readonly status: EnhancedStatus
  /** In words, for the sender and the operator. */
  readonly reason: string
  readonly remote?: RemoteReply
  /** Nothing was tried: it was decided without. */
  readonly isUnattempted?: true
  /** What the sender is told to do, where the status would say something else. */
  readonly advice?: string
}
