import { isCollected, type DeliveryFilter } from '@cartero/spool'

import type { Queue } from './queue-client.ts'
import { collect } from './queue-pages.ts'

type Asked = Pick<Queue, 'list' | 'routes'>

/** Why a filter may have found nothing although its destination seemed right; undefined when nothing is known. */
export async function whyNothing(queue: Asked, filter: DeliveryFilter): Promise<string | undefined> {
  const { destination = 'local', ...others } = filter
  const [, route] = /^via (.+)$/s.exec(destination) ?? []
  if (route !== undefined) return missingRoute(route, await queue.routes())
  if (isCollected(destination)) return undefined
  if (destination === 'local' || others.recipient !== undefined) return undefined
  const recipient = `@${destination}`
  const [found] = (await collect(queue, { ...others, recipient }, { limit: 1 })).deliveries
  if (found === undefined) return undefined
  if (isCollected(found.destination))
    return `mail for ${recipient} waits until its customer comes for it: --customer ${destination}`
  const way = found.destination === '' ? 'has no way yet' : `goes another way (${found.destination})`
  return `mail for ${recipient} waits and ${way}: --recipient ${recipient}`
}

/** Undefined when there is such a route. */
export function missingRoute(name: string, routes: readonly string[]): string | undefined {
  if (routes.includes(name)) return undefined
  const known = routes.length === 0 ? 'none is configured' : `there are ${routes.join(', ')}`
  return `there is no route '${name}'; ${known}`
}
