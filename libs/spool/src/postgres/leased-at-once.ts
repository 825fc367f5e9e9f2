import type { Delivery, DeliveryId, QueueId, Routed, SpooledMessage } from '../ports.ts'
import type { OwnLease } from './own-leases.ts'

/** A delivery that is leased as it is routed. */
export interface LeasedAtOnce {
  readonly delivery: Delivery
  readonly lease: OwnLease
}

interface RoutedTo {
  readonly delivery: Routed['deliveries'][number]
  readonly number: number
  readonly isOnly: boolean
}

/** Of a message that nobody has routed yet. */
export const unroutedId = (queueId: QueueId): DeliveryId => `${queueId}.0` as DeliveryId

/** As it is before anybody has routed it. */
export function unroutedOf(message: SpooledMessage): Delivery {
  const { queueId } = message
  return {
    id: unroutedId(queueId),
    message,
    nextHop: { kind: 'local' },
    recipients: [],
    attempts: 0,
    reason: '',
  }
}

/** With the rest of what is known of it. */
export function leasedAtOnce(message: SpooledMessage, { delivery, number, isOnly }: RoutedTo): LeasedAtOnce {
  const id = `${message.queueId}.${number}` as DeliveryId
  const { nextHop, recipients, sender } = delivery
  return {
    delivery: {
      id,
      message,
      nextHop,
      recipients,
      attempts: 0,
      reason: '',
      ...(sender !== undefined && { sender }),
    },
    lease: { id, destination: 'local', isOnly },
  }
}
