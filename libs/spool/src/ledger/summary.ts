import type { DeliverySummary } from '../ports.ts'
import type { DeliveryFilter, DeliveryPage, MessageView } from '../queue.ts'
import type { Entry } from './entry.ts'
import { matcher, newestFirst, isNewer } from './filter.ts'
import type { Item } from './item.ts'

/** What an operator sees of a delivery. */
export function summaryOf(item: Item): DeliverySummary {
  const { queueId, envelope, size, acceptedAt } = item.message
  return {
    id: item.id,
    queueId,
    state: item.state,
    reversePath: envelope.reversePath,
    recipients: item.recipients.map(({ address }) => address),
    destination: item.destination,
    size,
    attempts: item.attempts,
    acceptedAt,
    ...(item.notBefore > 0 && (item.isDead ? { keptUntil: item.notBefore } : { notBefore: item.notBefore })),
    ...(item.reason !== '' && { reason: item.reason }),
    ...(item.status !== '' && { status: item.status }),
    ...(item.sentence !== undefined && { sentence: item.sentence }),
  }
}

export function viewOf({ message, listed }: Entry): MessageView {
  const { queueId, envelope, acceptedAt, size, prefix, content } = message
  return { queueId, envelope, acceptedAt, size, prefix, content, deliveries: listed.map(summaryOf) }
}

/** Deliveries in memory that meet the filter. */
export function itemsThat(entries: Iterable<Entry>, filter: DeliveryFilter): Item[] {
  const matches = matcher(filter)
  const found: Item[] = []
  for (const { listed } of entries) for (const item of listed) if (matches(summaryOf(item))) found.push(item)
  return found
}

/** A page of what is all in memory. */
export function pageOf(
  entries: Iterable<Entry>,
  filter: DeliveryFilter,
  page: { readonly limit: number; readonly after?: DeliveryPage['next'] },
): DeliveryPage {
  const { limit, after } = page
  const items = itemsThat(entries, filter)
    .filter(({ id }) => after === undefined || isNewer(after, id))
    .toSorted(newestFirst)
  const deliveries = items.slice(0, limit).map(summaryOf)
  const last = deliveries.at(-1)
  return items.length > limit && last !== undefined ? { deliveries, next: last.id } : { deliveries }
}
