import { CHANGEABLE, CHANGEABLE_UNROUTED } from '../ledger/alteration.ts'
import { numberOf } from '../ledger/entry.ts'
import type { DeliveryState, DeliverySummary } from '../ports.ts'
import { destinationOf, type Change, type DestinationName } from '../queue.ts'

/** What a change makes of a row; null leaves a column as it is, but for `due`. */
export interface Alteration {
  readonly state: DeliveryState
  readonly due: number | null
  readonly destination: DestinationName
  readonly reason: string | null
  readonly nextHop: string | null
  readonly sentence: 'return' | 'expire' | null
  readonly isReleased: 0 | 1
}

const STATE_AFTER: Readonly<Record<Change['kind'], DeliveryState>> = {
  hold: 'held',
  release: 'ready',
  retry: 'ready',
  remove: 'removed',
  return: 'ready',
  expire: 'ready',
  reroute: 'ready',
}

/** The same as `alter` does in memory. Undefined when nothing changes. */
export function alterRow(one: DeliverySummary, change: Change): Alteration | undefined {
  const { kind } = change
  if (!CHANGEABLE[kind].includes(one.state)) return undefined
  if (numberOf(one.id) === 0 && !CHANGEABLE_UNROUTED.has(kind)) return undefined
  const isSentence = kind === 'return' || kind === 'expire'
  const destination = kind === 'reroute' ? destinationOf(change.nextHop) : one.destination
  if (one.state === 'ready') {
    if (isSentence && one.sentence === kind) return undefined
    if (kind === 'reroute' && destination === one.destination) return undefined
  }
  const state = STATE_AFTER[kind]
  const isOutbound = destination !== 'local' && destination !== ''
  return {
    state,
    due: state === 'ready' && isOutbound ? 0 : null,
    destination,
    reason: kind === 'hold' || kind === 'return' ? (change.reason ?? null) : null,
    nextHop: kind === 'reroute' ? JSON.stringify(change.nextHop) : null,
    sentence: isSentence ? kind : null,
    isReleased: kind === 'release' ? 1 : 0,
  }
}
