import { CHANGEABLE, CHANGEABLE_UNROUTED } from './alteration.ts'
import { numberOf } from './entry.ts'
import { nextHopOfCondemned } from './item.ts'
import type { DeliveryState, DeliverySummary, NextHop } from '../ports.ts'
import { destinationOf, isCollected, nextHopOf, type Change, type DestinationName } from '../queue.ts'

/** What a change makes of a row; null leaves a column as it is, but for `due`. */
export interface Alteration {
  readonly state: DeliveryState
  readonly due: number | null
  readonly destination: DestinationName
  readonly reason: string | null
  readonly nextHop: string | null
  readonly sentence: 'return' | 'expire' | null
  readonly isReleased: 0 | 1
  /** It has no sentence any more. */
  readonly isPardoned: 0 | 1
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
  const nextHop = nextHopAfter(one, change)
  const destination = nextHop === undefined ? one.destination : destinationOf(nextHop)
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
    reason: kind === 'hold' || isSentence ? (change.reason ?? null) : null,
    nextHop: nextHop === undefined ? null : JSON.stringify(nextHop),
    sentence: isSentence ? kind : null,
    isReleased: kind === 'release' ? 1 : 0,
    isPardoned: kind === 'reroute' ? 1 : 0,
  }
}

/** Undefined: it stays. */
function nextHopAfter({ destination }: DeliverySummary, change: Change): NextHop | undefined {
  if (change.kind === 'reroute') return change.nextHop
  const isCondemned = change.kind === 'return' || change.kind === 'expire'
  return isCondemned && isCollected(destination) ? nextHopOfCondemned(nextHopOf(destination)) : undefined
}
