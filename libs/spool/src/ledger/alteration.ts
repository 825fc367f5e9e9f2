import type { DeliveryState } from '../ports.ts'
import { destinationOf, type Change } from '../queue.ts'
import type { Item } from './item.ts'

/** In which states a delivery can be changed so. One that is leased never can. */
export const CHANGEABLE: Readonly<Record<Change['kind'], readonly DeliveryState[]>> = {
  hold: ['ready', 'deferred'],
  release: ['held', 'failed', 'expired'],
  retry: ['deferred'],
  remove: ['ready', 'deferred', 'held', 'failed', 'expired'],
  return: ['ready', 'deferred', 'held'],
  expire: ['ready', 'deferred', 'held'],
  reroute: ['ready', 'deferred', 'held', 'failed', 'expired'],
}

/** What can be done with a message that nobody has routed yet. */
export const CHANGEABLE_UNROUTED: ReadonlySet<Change['kind']> = new Set(['hold', 'release', 'remove'])

/** After these, somebody is told that there is something to do, whatever was remembered of failures. */
export const URGING: ReadonlySet<Change['kind']> = new Set(['retry', 'return', 'expire'])

/** True when the delivery is another one now: a second time changes nothing. */
export function alter(item: Item, change: Change): boolean {
  if (!CHANGEABLE[change.kind].includes(item.state)) return false
  if (!item.entry.isRouted && !CHANGEABLE_UNROUTED.has(change.kind)) return false
  switch (change.kind) {
    case 'hold':
      item.hold(change.reason)
      return true
    case 'release':
      item.lapses = 0
      item.ready()
      return true
    case 'retry':
      item.ready()
      return true
    case 'remove':
      item.remove()
      return true
    case 'return':
    case 'expire':
      return sentence(item, change)
    case 'reroute':
      if (item.state === 'ready' && item.destination === destinationOf(change.nextHop)) return false
      item.rerouteTo(change.nextHop)
      return true
  }
}

function sentence(item: Item, change: Change & { readonly kind: 'return' | 'expire' }): boolean {
  if (item.state === 'ready' && item.sentence === change.kind) return false
  item.condemn(change.kind, change.reason)
  return true
}
