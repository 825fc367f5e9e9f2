import type { ContentStore } from '@cartero/content'
import {
  serveErrand,
  SmtpClientMachine,
  type ClientEnding,
  type PeerFacts,
  type SmtpClientOptions,
} from '@cartero/smtp/client'
import type { Clock, Role } from '@cartero/wire'

import type { Delivery } from '../ports.ts'
import { Cargo } from './cargo.ts'
import { Errand } from './errand.ts'
import { TRANSACTIONS_IN_FLIGHT } from './limits.ts'
import type { AttemptFacts, Feed } from './ports.ts'
import type { TurnEnding } from './turns.ts'
import { endingTrouble, isInterruption } from './words.ts'

export interface DispatchOptions {
  readonly feed: Feed
  /** The octets of what is sent. */
  readonly content: Pick<ContentStore, 'read' | 'get'>
  readonly clock: Clock
  /** What the next host is called in reasons and notices. */
  readonly host: string
  /** How it is spoken to. Unless it is said here, `TRANSACTIONS_IN_FLIGHT` are under way at once. */
  readonly client: SmtpClientOptions
  /** Deliveries that it is given at most; without it, all that the feed has. */
  readonly most?: number
  /** What is known of the connection once it takes mail; `host` is added. */
  facts?(peer: PeerFacts): AttemptFacts
  /** The connection ended between the end of a message and its answer: it is tried again, and may arrive twice. */
  uncertain?(delivery: Delivery): void
}

/** How it ended with a connection that was given mail. */
export interface DispatchEnding {
  /** Deliveries whose end was told, cut off ones included. */
  readonly settled: number
  readonly how: ClientEnding
  /** The same, as a turn is told. */
  readonly ending: TurnEnding
}

/** One connection, already there, that takes what a feed has until one of both has enough. */
export interface Dispatch {
  /** For the driver of the connection. Nothing is taken from the feed before it is driven. */
  readonly role: Role
  /**
   * The connection is over, and all that was taken was told or given back. Never rejects; never fulfilled when the role was
   * not driven.
   */
  readonly over: Promise<DispatchEnding>
}

/**
 * Deliveries of a feed as the client's side of an SMTP conversation. Each has its own wishes: what asks for TLS fails by itself
 * where there is none, and the others go on (RFC 8689 §4.2.1).
 *
 * Guarantee: each delivery that was taken from the feed is either done or given back once it is over. What the end of the
 * connection left undecided is deferred, with `isCutOff`.
 */
export function dispatch(options: DispatchOptions): Dispatch {
  const { feed, content, clock, host, client, most = Infinity } = options
  const cargo = new Cargo(feed, content)
  const over = Promise.withResolvers<DispatchEnding>()
  const errand = new Errand({
    feed,
    cargo,
    clock,
    host,
    most,
    isTrusted: false,
    facts: (peer) => ({ host, ...options.facts?.(peer) }),
    ready: () => {},
    uncertain: ({ delivery }) => options.uncertain?.(delivery),
    closed: (how) => {
      const { leftovers, settledCount } = errand
      for (const { load, results, facts } of leftovers) feed.done(load.delivery, results, facts)
      const settled = settledCount + leftovers.length
      void cargo.close().then(() => over.resolve({ settled, how, ending: turnEndingOf(host, how) }))
    },
  })
  const limits = { transactionsInFlight: TRANSACTIONS_IN_FLIGHT, ...client.limits }
  const machine = new SmtpClientMachine(errand, { ...client, limits })
  return { role: { machine, decide: serveErrand(errand) }, over: over.promise }
}

function turnEndingOf(host: string, how: ClientEnding): TurnEnding {
  if (!isInterruption(how)) return { kind: 'complete' }
  const { reason } = endingTrouble(host, how)
  return { kind: how.kind === 'lost' || how.kind === 'timedOut' ? how.kind : 'refused', reason }
}
