import type { TlsWish, Way } from '@cartero/routing'
import type { AttemptFacts, Feed } from '@cartero/spool/dispatch'
import type { Trouble } from '@cartero/spool/notices'

/** What deliveries have in common that may share a connection. */
export interface Lane {
  readonly destination: string
  readonly way: Way
  readonly wish: TlsWish
}

/** The deliveries of one lane, as its couriers get them. `more` waits for as long as an idle connection is kept. */
export interface LaneFeed extends Feed {
  readonly lane: Lane
  /** It is to be tried now: hosts that are left alone because they failed are called, too. */
  readonly isUrged?: boolean
}

/** How a courier's run ended. */
export type RunEnding =
  /** It spoke with a host, which took transactions; `isCut`: the host or the network ended it. */
  | { readonly kind: 'served'; readonly isCut: boolean }
  /** No host of the destination takes mail; this is so for everything in the lane. What was taken was given back. */
  | { readonly kind: 'unreachable'; readonly trouble: Trouble; readonly facts: AttemptFacts }
  /** There was nothing to carry, or the signal aborted. */
  | { readonly kind: 'idle' }

/** Carries deliveries of one lane over one connection, to whichever host of the destination takes them. */
export interface Courier {
  run(feed: LaneFeed, signal: AbortSignal): Promise<RunEnding>
}
