import type { ContentId } from '@cartero/content'
import type { EnhancedStatus } from '@cartero/syntax'

import type {
  Delivery,
  DeliveryId,
  DeliveryState,
  DeliverySummary,
  Envelope,
  NextHop,
  QueueId,
} from './ports.ts'

/** What a destination is called: `local`, a domain, `via <name of a route>`, or `odmr <domain of a customer>`. */
export type DestinationName = string

const VIA = 'via '
const ODMR = 'odmr '

export function destinationOf(nextHop: NextHop): DestinationName {
  switch (nextHop.kind) {
    case 'local':
      return 'local'
    case 'remote':
      return nextHop.domain
    case 'route':
      return `${VIA}${nextHop.name}`
    case 'odmr':
      return `${ODMR}${nextHop.domain}`
  }
}

/** The other direction: a domain has no space in it, and at least one dot or nothing that is called `local`. */
export function nextHopOf(destination: DestinationName): NextHop {
  if (destination === 'local') return { kind: 'local' }
  if (destination.startsWith(ODMR)) return { kind: 'odmr', domain: destination.slice(ODMR.length) }
  return destination.startsWith(VIA)
    ? { kind: 'route', name: destination.slice(VIA.length) }
    : { kind: 'remote', domain: destination }
}

/** Mail for it waits until a customer comes for it: nobody here goes anywhere with it. */
// RFC 2645
export function isCollected(destination: DestinationName): boolean {
  return destination.startsWith(ODMR)
}

/** A destination for which there is something to do. */
export interface DueDestination {
  readonly destination: DestinationName
  readonly nextHop: NextHop
  /** An operator, or the destination itself, wants it tried now: what is remembered of its failures does not count. */
  readonly isUrged: boolean
}

/**
 * Whose lease it is, and for how long: what is not settled by then is ready again, and a later settlement is void, unless somebody
 * has leased it anew: then it is taken for his.
 */
export interface LeaseTerms {
  readonly owner: string
  /** Milliseconds. Never prolonged. */
  readonly expiresIn: number
}

/** Mail for elsewhere, as those see it who carry it there: by destination, so that none keeps another waiting. */
export interface OutboundQueue {
  /**
   * Destinations that something is due for and that we go to ourselves (neither `local` nor a customer's, whatever happens to it),
   * urgent ones first, then the one that has waited longest. Each is told once, and again after a `take` had fewer than it asked
   * for and something became due later; one that is urged is told in any case. Told twice is possible, never is not: whoever
   * listens from now on is told of all that is due. One listener at a time. Ends when the signal is aborted. Reads what is due and
   * nothing else: costs nothing for those that wait, and nothing for what customers have not come for.
   */
  due(signal: AbortSignal): AsyncIterable<readonly DueDestination[]>
  /**
   * Leases what is due for a destination, urgent ones first, oldest first among equals; what was deferred comes out of the store in
   * the order in which it became due, behind what never was. Fewer than `limit`: there is no more now.
   */
  take(destination: DestinationName, limit: number, terms: LeaseTerms): Promise<readonly Delivery[]>
  /**
   * Makes everything that waits for a destination due now, but for what its sender holds back, and tells `due`; of a customer's
   * nobody is told, he comes himself. Returns how many were not due before.
   */
  urge(destination: DestinationName): Promise<number>
}

/** Which deliveries are meant: all that meet every condition given. */
export interface DeliveryFilter {
  /** Queue ids, or delivery ids. */
  readonly ids?: readonly string[]
  /** An address, `@domain`, or `<>`. Upper and lower case are the same. */
  readonly sender?: string
  /** An address, or `@domain`. */
  readonly recipient?: string
  readonly destination?: DestinationName
  /** Accepted at this time or before; milliseconds since the epoch. */
  readonly acceptedBefore?: number
  readonly acceptedAfter?: number
  /** Part of the reason, whatever its case. */
  readonly reason?: string
  /** Without it: what waits, and dead letters. */
  readonly state?: DeliveryState
}

/** Newest first. */
export interface DeliveryPage {
  /** Fewer than asked for, or none, where much had to be looked at for a filter that no index knows. */
  readonly deliveries: readonly DeliverySummary[]
  /** What to go on after; absent at the end, and only there. */
  readonly next?: DeliveryId
}

/** All that an operator may want to know of one message. */
export interface MessageView {
  readonly queueId: QueueId
  readonly envelope: Envelope
  readonly acceptedAt: number
  readonly size: number
  /** The message is `prefix + content`. */
  readonly prefix: Buffer
  readonly content: ContentId
  /** All deliveries, ended ones included as long as the message is here. */
  readonly deliveries: readonly DeliverySummary[]
}

/** In a shape: all destinations together that are not told by name. */
export const OTHER_DESTINATIONS = '*'

/** What an operator wants to see of the whole: one destination, or of so many, those with the most deliveries (100). */
export interface ShapeWish {
  readonly destination?: DestinationName
  readonly destinations?: number
}

/** Deliveries that have all of this in common, counted. */
export interface ShapeCell {
  /** Or OTHER_DESTINATIONS. */
  readonly destination: DestinationName
  readonly state: DeliveryState
  /** Hours since the epoch in which they were accepted. */
  readonly hour: number
  /** Why they wait: the status of the last attempt, or '' before the first. */
  readonly status: EnhancedStatus | ''
  readonly deliveries: number
  readonly octets: number
}

/** What waits for a customer in all states but as dead letters, of one domain. */
export interface UncollectedMail {
  /** An A-label in lower case; its destination is `odmr <domain>`. */
  readonly domain: string
  readonly deliveries: number
  /** Of contents, without our trace fields; a message counts once for each delivery. */
  readonly octets: number
  /** The hour since the epoch in which the oldest of it was accepted. */
  readonly oldestHour: number
}

/**
 * What an operator can do with deliveries. Those that are leased now are left alone, and so are messages that are being routed.
 * A message that nobody has routed yet (`<queue id>.0`) can be held, released and removed.
 */
export type Change =
  | { readonly kind: 'hold'; readonly reason: string }
  /** Held ones, and dead letters, are ready again. */
  | { readonly kind: 'release' }
  /** Deferred ones are due now, those that their senders hold back included, and their destinations are urged. */
  | { readonly kind: 'retry' }
  /** Gone, and nobody is told. */
  | { readonly kind: 'remove' }
  /**
   * Given back to their senders: as failed, or as having waited for too long. Due now, with a `sentence`; not dead letters. What
   * waits for a customer to come becomes mail for the hosts of his domain, since only that is told and given back.
   */
  | { readonly kind: 'return'; readonly reason?: string }
  | { readonly kind: 'expire'; readonly reason?: string }
  /** To another next hop; ready at once, and without the `sentence` that it may have had: it is to arrive. */
  | { readonly kind: 'reroute'; readonly nextHop: NextHop }

/** How far a change has come. */
export interface ChangeProgress {
  /** Deliveries that met the filter so far, and those that changed. */
  readonly found: number
  readonly changed: number
  /** Those that changed since this was told last, as they are in the list. */
  readonly deliveries: readonly DeliverySummary[]
}

/** The queue as an operator sees and steers it. Nothing here reads more than it tells, but for filters that no index knows. */
export interface QueueOffice {
  list(
    filter: DeliveryFilter,
    page: { readonly limit: number; readonly after?: DeliveryId },
  ): Promise<DeliveryPage>
  count(filter: DeliveryFilter): Promise<number>
  show(queueId: QueueId): Promise<MessageView | undefined>
  /** From counters that are kept as things change; right when nothing has changed for two seconds. */
  shape(wish?: ShapeWish): Promise<readonly ShapeCell[]>
  /**
   * What customers have not come for, one for each domain that has something, in the order of their names. From counters, right
   * within two seconds; a thousand customers take milliseconds, so whoever asks at every recipient keeps the answer for a second.
   */
  uncollected(): Promise<readonly UncollectedMail[]>
  /** In portions, each durable before it is told; aborting stops between two. Idempotent. */
  change(filter: DeliveryFilter, change: Change, signal: AbortSignal): AsyncIterable<ChangeProgress>
}
