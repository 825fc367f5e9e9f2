import type { ArchivedKind, ArchivedRow } from '@cartero/sql/archive'
import type { ContentId } from '@cartero/content'
import type { EnhancedStatus } from '@cartero/syntax'

import type { DeliveryRecipient, DeliveryState, QueueId } from './ports.ts'
import type { DestinationName } from './queue.ts'

/** A delivery as it is carried to another spool; number 0 is a message that nobody has routed yet. */
export interface ArchivedDelivery {
  readonly number: number
  /** Nobody holds a lease while a spool is carried. */
  readonly state: Exclude<DeliveryState, 'leased'>
  readonly destination: DestinationName
  /** Empty until it is routed: they are those of the envelope. */
  readonly recipients: readonly DeliveryRecipient[]
  readonly attempts: number
  readonly notBefore: number
  readonly reason: string
  readonly status: EnhancedStatus | ''
  readonly lapses: number
  readonly sender: string | null
  readonly sentence: 'return' | 'expire' | null
}

/** A message as it is carried: what was promised, and what became of it. How often it has ended a process is forgotten. */
export interface ArchivedMessage {
  readonly queueId: QueueId
  /** JSON. */
  readonly envelope: string
  readonly prefix: Uint8Array
  readonly content: ContentId
  readonly size: number
  readonly acceptedAt: number
  readonly deliveries: readonly ArchivedDelivery[]
}

export const MESSAGES = 'message'

/** What a spool keeps, the same of every adapter. */
export const ARCHIVED_SPOOL: readonly ArchivedKind[] = [{ name: MESSAGES, content: 3, portion: 500 }]

export function rowOfArchived(message: ArchivedMessage): ArchivedRow {
  const { queueId, envelope, prefix, content, size, acceptedAt, deliveries } = message
  return [queueId, envelope, prefix, content, size, acceptedAt, JSON.stringify(deliveries.map(inOrder))]
}

export function archivedOf(row: ArchivedRow): ArchivedMessage {
  const [queueId, envelope, prefix, content, size, acceptedAt, deliveries] = row
  return {
    queueId: queueId as QueueId,
    envelope: envelope as string,
    prefix: prefix as Uint8Array,
    content: content as ContentId,
    size: size as number,
    acceptedAt: acceptedAt as number,
    deliveries: JSON.parse(deliveries as string) as ArchivedDelivery[],
  }
}

/** The same words for the same delivery. What nobody has routed yet has no more than a state. */
function inOrder(delivery: ArchivedDelivery): ArchivedDelivery {
  const { number, state, destination, recipients, attempts, notBefore } = delivery
  const { reason, status, lapses, sender, sentence } = delivery
  const isWhole = number === 0
  return {
    number,
    state: (state as DeliveryState) === 'leased' ? 'ready' : state,
    destination,
    recipients: isWhole ? [] : recipients,
    attempts: isWhole ? 0 : attempts,
    notBefore: isWhole || state === 'ready' ? 0 : notBefore,
    reason,
    status,
    lapses: isWhole ? 0 : lapses,
    sender: isWhole ? null : sender,
    sentence: isWhole ? null : sentence,
  }
}
