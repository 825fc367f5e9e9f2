import type { DeliveryFilter, DeliveryId, DeliverySummary } from '@cartero/spool'

import type { Queue } from './queue-client.ts'

interface Listing {
  readonly deliveries: readonly DeliverySummary[]
  readonly next?: DeliveryId
}

/** Portions, until there are as many as asked for. */
export async function collect(
  queue: Pick<Queue, 'list'>,
  filter: DeliveryFilter,
  { limit, after }: { readonly limit: number; readonly after?: DeliveryId | undefined },
): Promise<Listing> {
  const deliveries: DeliverySummary[] = []
  let next = after
  do {
    const page = await queue.list(filter, limit - deliveries.length, next)
    deliveries.push(...page.deliveries)
    next = page.next
  } while (next !== undefined && deliveries.length < limit)
  return { deliveries, ...(next !== undefined && { next }) }
}
