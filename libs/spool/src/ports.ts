import type { ContentId } from '@cartero/content'
import type { MessageIndex } from '@cartero/message'
import type { EnhancedStatus } from '@cartero/syntax'

import type { OutboundQueue, QueueOffice } from './queue.ts'

/** Time-sortable name of a message: 16 characters of Crockford base32 (45 bits of milliseconds, 35 bits that never repeat). */
export type QueueId = string & { readonly __brand: 'QueueId' }
/** `<queue id>.<n>`: one (message, next hop). The idempotency key of everything that is done with it. */
export type DeliveryId = string & { readonly __brand: 'DeliveryId' }

/** A recipient as the envelope has it. Addresses are in the form the peer gave, without angle brackets. */
export interface EnvelopeRecipient {
  readonly address: string
  /** DSN parameters, carried whatever the next hop can do (RFC 3461 §4). */
  readonly notify?: readonly ('never' | 'success' | 'failure' | 'delay')[]
  readonly originalRecipient?: string
}

/** What was promised when the message was accepted. JSON-serialisable; kept in the same frame as the octets. */
export interface Envelope {
  /** '' is the null reverse-path (RFC 5321 §4.5.5). */
  readonly reversePath: string
  readonly recipients: readonly EnvelopeRecipient[]
  /** The account that submitted it, when there was authentication. */
  readonly account?: string
  /** Who submitted it, as a client says whom we trust with it; for the next hop (RFC 4954 §5). '<>' is nobody in particular. */
  readonly submitter?: string
  /** Who handed it over, for traces and logs. */
  readonly client: { readonly address: string; readonly helo: string; readonly protocol: string }
  readonly body?: '7BIT' | '8BITMIME' | 'BINARYMIME'
  readonly smtpUtf8?: boolean
  /** Hops counted in the trace fields (RFC 5321 §6.3). */
  readonly hops?: number
  /** DSN for the whole message. */
  readonly envelopeId?: string
  readonly return?: 'full' | 'headers'
  /** When it has to be delivered, in milliseconds since the epoch, and what then (RFC 2852 §4). */
  readonly deliverBy?: { readonly at: number; readonly mode: 'return' | 'notify'; readonly trace: boolean }
  /** Not before, in milliseconds since the epoch (RFC 4865 §4). */
  readonly holdUntil?: number
  /** -9 to 9, the most urgent; absent is 0 (RFC 6710 §5). */
  readonly priority?: number
  /** Never over a hop without TLS (RFC 8689 §2). */
  readonly requireTls?: true
  /** The sender wants it sent even where TLS policy would not (`TLS-Required: No`, RFC 8689 §3). */
  readonly tlsOptional?: true
  /** To a terminal, to a terminal or else the mailbox, to both (RFC 821 §3.4). */
  readonly display?: 'send' | 'soml' | 'saml'
}

/** What of an envelope is known only when the content was read. */
export type FoundInContent = Pick<Envelope, 'body' | 'hops' | 'tlsOptional'>

/** A message that the spool is responsible for. */
export interface SpooledMessage {
  readonly queueId: QueueId
  readonly envelope: Envelope
  /** Trace fields that we put before the content; the message is `prefix + content`. */
  readonly prefix: Buffer
  readonly content: ContentId
  /** Octets of the content, without the prefix. */
  readonly size: number
  /** Milliseconds since the epoch. */
  readonly acceptedAt: number
  /**
   * The structure of the content, without the prefix, if whoever took it in has looked at it on the way and it is small:
   * who delivers need not read the octets again. Kept in memory only, so it is absent after a restart.
   */
  readonly index?: MessageIndex
}

/** A message on its way in. */
export interface IntakeDraft {
  readonly queueId: QueueId
  /** Adds octets of the content. A promise means: wait (backpressure). */
  write(bytes: Buffer): void | Promise<void>
  /**
   * Guarantee: when fulfilled, the message survives kill -9 and power loss, and will be delivered or bounced.
   * Only then may the peer be answered 250. Errors: SpoolError (`full` → 452 4.3.1, `unavailable` → 451 4.3.0).
   * `found` is what only the content could tell; it wins over what the envelope said at `begin`.
   */
  commit(prefix: Buffer, found?: FoundInContent, index?: MessageIndex): Promise<QueueId>
  /** Gives up; nothing is enqueued. Never fails. */
  abort(): void
}

/** The front door of the spool; all that an edge agent needs. */
export interface Intake {
  begin(envelope: Envelope): IntakeDraft
}

/**
 * Where a delivery goes next: our own mailboxes, the hosts of a domain that is not ours, by a way that is configured, or to a
 * customer who comes for the mail of his domain (RFC 2645).
 */
export type NextHop =
  | { readonly kind: 'local' }
  | { readonly kind: 'remote'; readonly domain: string }
  | { readonly kind: 'route'; readonly name: string }
  | { readonly kind: 'odmr'; readonly domain: string }

/** Why nobody here takes mail for a recipient, though it was accepted; `refused` is for what the operator lets nobody write to. */
export type RecipientProblem = 'noSuchMailbox' | 'mailboxDisabled' | 'aliasLoop' | 'refused'

export interface DeliveryRecipient {
  /** The address of the envelope that led here. */
  readonly address: string
  /** Other addresses of the envelope that led to the same mailbox, which gets the message once. */
  readonly others?: readonly string[]
  /** The account whose mailbox gets it; '' when it is not here. */
  readonly account: string
  /** Folder hint from subaddressing (`user+tag`), for the MDA to decide about. */
  readonly detail?: string
  /** There is no mailbox for it any more. */
  readonly problem?: RecipientProblem
  /** One of several that its address stands for: success was told when it was expanded (RFC 3461 §5.2.7.3). */
  readonly expanded?: true
  /** The address elsewhere that it leads to, which the next host is told instead. */
  readonly forward?: string
  /** Of what delay the sender knows: that it takes long, or that the time it had is over (RFC 2852 §4). */
  readonly told?: 'delay' | 'deadline'
}

/** The states of a delivery; INTERNALS.md has the table. */
export type DeliveryState =
  | 'ready'
  | 'leased'
  | 'deferred'
  | 'held'
  | 'delivered'
  | 'failed'
  | 'expired'
  | 'removed'

/**
 * One (message, next hop), with the recipients that share it. What is leased, retried, held and settled. The holder of a
 * lease sees it as it is until it settles, and not longer.
 */
export interface Delivery {
  readonly id: DeliveryId
  readonly message: SpooledMessage
  readonly nextHop: NextHop
  /** Those that are not settled yet. */
  readonly recipients: readonly DeliveryRecipient[]
  readonly attempts: number
  /** What came of the last attempt; '' before the first. */
  readonly reason: string
  /** Who sends it on, instead of the sender of the envelope: mail that is forwarded (SRS). */
  readonly sender?: string
  /** An operator has decided how it ends: whoever leases it gives it back to its sender, and does not try. */
  readonly sentence?: 'return' | 'expire'
}

/** What the router decided about one message. No deliveries and no refusals: the message is done (all recipients discarded). */
export interface Routed {
  readonly queueId: QueueId
  readonly deliveries: readonly {
    readonly nextHop: NextHop
    readonly recipients: readonly DeliveryRecipient[]
    readonly sender?: string
    /** Held from the start, for this reason. */
    readonly held?: string
  }[]
}

/** How it ended for one recipient. */
export type RecipientOutcome =
  /** In the mailbox; with the next host; or given back, as far as the sender wanted to know. Nothing of it is kept. */
  | { readonly state: 'delivered' | 'relayed' | 'returned' }
  /** Tried again. `told`: the sender was told now. `status`: by what the reason is counted. */
  | {
      readonly state: 'deferred'
      readonly reason: string
      readonly status?: EnhancedStatus
      readonly told?: 'delay' | 'deadline'
    }
  /** It can neither be delivered nor given back: a dead letter. */
  | { readonly state: 'failed' | 'expired'; readonly reason: string }

export type Outcome =
  | { readonly id: DeliveryId; readonly state: 'delivered' }
  /** To each its own, in the order of the delivery's recipients; `notBefore` is for those that are deferred. */
  | {
      readonly id: DeliveryId
      readonly state: 'mixed'
      readonly recipients: readonly RecipientOutcome[]
      readonly notBefore: number
    }
  | {
      readonly id: DeliveryId
      readonly state: 'deferred'
      readonly notBefore: number
      readonly reason: string
    }
  | { readonly id: DeliveryId; readonly state: 'held' | 'failed' | 'expired'; readonly reason: string }

export interface DeliverySummary {
  readonly id: DeliveryId
  readonly queueId: QueueId
  readonly state: DeliveryState
  readonly reversePath: string
  readonly recipients: readonly string[]
  /** Where it goes (`destinationOf`); '' for a message that nobody has routed yet. */
  readonly destination: string
  readonly size: number
  readonly attempts: number
  readonly acceptedAt: number
  readonly notBefore?: number
  /** When a dead letter is forgotten. */
  readonly keptUntil?: number
  readonly reason?: string
  /** Of the last attempt, if it was told. */
  readonly status?: EnhancedStatus
  /** An operator has decided how it ends. */
  readonly sentence?: 'return' | 'expire'
}

/**
 * Mail we promised to forward. Owned by the MTA.
 *
 * Order of life: accepted (durable) → routed (deliveries exist) → leased → settled. A crash at any point leads back to
 * the last durable step; every step is idempotent by queue id or delivery id.
 */
export interface Spool extends Intake, OutboundQueue, QueueOffice {
  /**
   * Batches of accepted messages that nobody has routed yet, oldest first; ends when `signal` is aborted. Each message is
   * given out once; those not routed when the last loop ends are given to the next one.
   */
  arrivals(limit: number, signal: AbortSignal): AsyncIterable<readonly SpooledMessage[]>
  /**
   * Idempotent by queue id. The deliveries of a message are numbered from 1 in the order given; they are deferred until
   * the envelope's `holdUntil`.
   */
  route(routed: readonly Routed[]): Promise<void>
  /**
   * Batches of deliveries that are due for our own mailboxes, now leased to the caller, urgent ones first and the oldest first
   * among equals; ends when `signal` is aborted. What is deferred past the moment of its `deliverBy` is due at that moment. In
   * one process a lease is memory only, and ends with a settlement. What goes elsewhere is in the `OutboundQueue`.
   */
  lease(nextHop: 'local', limit: number, signal: AbortSignal): AsyncIterable<readonly Delivery[]>
  /**
   * Tells how leased deliveries ended. Final states end the message when all its deliveries have one. Recipients that are
   * deferred stay in their delivery, the others leave it; those that are dead letters get a delivery of their own. What another
   * host has taken is durable when this is fulfilled. Rejects with SpoolError when something cannot be made durable now: in this
   * process it holds all the same, and is made durable as soon as the store can; nothing is lost by it.
   */
  settle(outcomes: readonly Outcome[]): Promise<void>
  /** Hands leases back untouched: `ready` again, attempts not counted. */
  giveBack(ids: readonly DeliveryId[]): void
  /** Which contents whose id starts with `prefix` the spool refers to (for reclaiming). */
  referenced(prefix: string): Promise<Iterable<ContentId>>
  /** Messages accepted and not yet done. Cheap: no I/O. */
  readonly waiting: number
  /** Ends the loops and makes the state durable; leased deliveries go back to `ready`. */
  close(): Promise<void>
}

/** `full`: no space. `unavailable`: our store cannot, for now. Never the peer's fault. */
export class SpoolError extends Error {
  override readonly name = 'SpoolError'
  readonly fault: 'full' | 'unavailable'

  constructor(fault: 'full' | 'unavailable', message: string, options?: ErrorOptions) {
    super(message, options)
    this.fault = fault
  }
}
