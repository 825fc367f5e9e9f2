import type { TlsWish, Way } from '@cartero/routing'
import type { Delivery } from '@cartero/spool'
import type { RecipientResult, Trouble } from '@cartero/spool/notices'

/** What deliveries have in common that may share a connection. */
export interface Lane {
  readonly destination: string
  readonly way: Way
  readonly wish: TlsWish
}

/** What was seen in an attempt; for events, and for whoever asks why. */
export interface AttemptFacts {
  readonly host?: string
  readonly address?: string
  /** Such as `TLSv1.3 dane`: version, and by what the host was believed. Absent: no TLS. */
  readonly tls?: string
  /** Milliseconds since the spool gave the delivery out: until the connection could take it, and for the transaction. */
  readonly waited?: number
  readonly sending?: number
  /** The connection had carried others before. */
  readonly isReused?: boolean
}

/** The deliveries of one lane, as its couriers get them. */
export interface Feed {
  readonly lane: Lane
  /** It is to be tried now: hosts that are left alone because they failed are called, too. */
  readonly isUrged?: boolean
  /** The next one to be sent. Undefined: nothing is at hand. */
  next(): Delivery | undefined
  /** False when it is time to part; true when there may be something. Waits for as long as an idle connection is kept. */
  more(): Promise<boolean>
  /** How it ended, in the order of the recipients; once for each delivery that was taken. */
  done(delivery: Delivery, results: readonly RecipientResult[], facts: AttemptFacts): void
  /** It was taken, and not attempted. */
  giveBack(delivery: Delivery): void
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
  run(feed: Feed, signal: AbortSignal): Promise<RunEnding>
}
