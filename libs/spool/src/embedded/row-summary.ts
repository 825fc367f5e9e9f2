import type { DeliveryId, DeliverySummary, Envelope } from '../ports.ts'
import { CRASH_REASON, MAX_CRASHES } from './crash-recovery.ts'
import type { MessageRow } from './rows.ts'

/** What an operator sees of a message: a line for each of its deliveries. */
export function summariesOf({
  queueId,
  envelope,
  size,
  acceptedAt,
  due,
  crashes,
  deliveries,
}: MessageRow): DeliverySummary[] {
  const { reversePath, recipients } = JSON.parse(envelope) as Envelope
  const common = { queueId, reversePath, size, acceptedAt }
  if (deliveries === undefined) {
    const state = due === null ? 'held' : 'ready'
    const addresses = recipients.map((recipient) => recipient.address)
    const reason = due === null && crashes >= MAX_CRASHES && { reason: CRASH_REASON }
    return [
      { ...common, id: `${queueId}.0` as DeliveryId, state, recipients: addresses, attempts: 0, ...reason },
    ]
  }
  return deliveries.map(({ number, state, attempts, notBefore, reason, ...delivery }) => ({
    ...common,
    id: `${queueId}.${number}` as DeliveryId,
    state,
    recipients: (JSON.parse(delivery.recipients) as { address: string }[]).map(({ address }) => address),
    attempts,
    ...(notBefore > 0 &&
      (state === 'failed' || state === 'expired' ? { keptUntil: notBefore } : { notBefore })),
    ...(reason !== '' && { reason }),
  }))
}
