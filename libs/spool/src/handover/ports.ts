import type { ContentId } from '@cartero/content'
import type { MessageIndex } from '@cartero/message'

import type { Envelope, QueueId } from '../ports.ts'

/** A message that an edge has promised to forward, on its way to the spool: durable where it lies, told perhaps twice. */
export interface HandedOver {
  readonly queueId: QueueId
  readonly envelope: Envelope
  readonly prefix: Buffer
  /** Milliseconds since the epoch. */
  readonly acceptedAt: number
  /** The octets, when they are few; else where they are, and how many. */
  readonly content:
    | { readonly kind: 'inline'; readonly octets: Buffer }
    | { readonly kind: 'stored'; readonly id: ContentId; readonly size: number }
  readonly index?: MessageIndex
}

/** The back door of a spool: takes in what edges have handed over. */
export interface SpoolInlet {
  /**
   * Durable when fulfilled; then whoever brought it may forget it. Idempotent by queue id, also when the message has been done with
   * meanwhile (remembered for INLET_MEMORY_MS). Rejects with SpoolError; then all of it may be brought again.
   */
  takeIn(batch: readonly HandedOver[]): Promise<void>
}

/** How long a spool knows what it has taken in: longer than anything is brought again. */
export const INLET_MEMORY_MS = 24 * 60 * 60 * 1000
