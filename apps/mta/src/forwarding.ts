import { randomBytes } from 'node:crypto'
import type { Component } from '@cartero/agent/lifecycle'
import type { Instruments, Logger, MetricRegistry } from '@cartero/agent/telemetry'
import type { ContentStore } from '@cartero/content'
import type { AnyDirectory } from '@cartero/directory'
import { RouteTable, type Way } from '@cartero/routing'
import type { Spool } from '@cartero/spool'
import type { CollectionRoom, Turns } from '@cartero/spool/dispatch'
import type { Notices } from '@cartero/spool/notices'
import { systemClock, type Clock } from '@cartero/wire'
import { createEvents } from './events.ts'
import { RELAY_METRICS, TURN_METRICS } from './metrics.ts'
import { countQueue } from './queue-gauges.ts'
import { relayEvents } from './relay-events.ts'
import { createCourier, type CourierOptions } from './relay/courier/index.ts'
import type { WayLimits } from './relay/floor.ts'
import { Relay } from './relay/relay.ts'
import type { RelaySettings } from './relay/settings.ts'
import { Router, type Outbound } from './router.ts'
import { createCollection, type Collection } from './turns/collection.ts'
import type { TurnSettings } from './turns/settings.ts'

/** What mail needs to find its way to other hosts. */
export interface RelayParts extends Pick<
  CourierOptions,
  'hosts' | 'policies' | 'tlsResults' | 'authorities'
> {
  readonly content: ContentStore
  readonly settings: RelaySettings
}

export interface ForwardingDependencies {
  readonly hostname: string
  /** Whose leases they are: no other process has this name. By host name and process when absent. */
  readonly owner?: string
  readonly spool: Spool
  readonly directory: AnyDirectory
  readonly logger: Logger
  readonly metrics: MetricRegistry
  readonly clock?: Clock
  /** Tells senders of expansions, and of what became of mail for other hosts; without it nobody is told. */
  readonly notices?: Notices
  /** Which mail goes which way; without it, all to the hosts that the DNS names. */
  readonly routes?: RouteTable
  /** What becomes of mail for other hosts; `refuse` without it. */
  readonly outbound?: Outbound
  /** Carries mail to other hosts, and needs `notices` for that. Without it, such mail waits in the queue. */
  readonly relay?: RelayParts
  /** Mail waits for customers who come for it, and needs `notices` for that. Without it, nobody can come for any. */
  readonly turns?: { readonly settings: TurnSettings }
}

/** What forwards accepted mail, and what others have of it. */
export interface ForwardingAgent extends Component {
  /** For those who speak with customers. Begins none without `turns` among the dependencies. */
  readonly turns: Turns
  /** For those who take mail in. There always is some without `turns`. */
  readonly room: CollectionRoom
}

/** The router, the relay and the turns of customers: all that becomes of mail once the spool has it. It has no door. */
export function createForwardingAgent(dependencies: ForwardingDependencies): ForwardingAgent {
  const { spool, directory, logger, metrics, notices, routes, outbound } = dependencies
  const clock = dependencies.clock ?? systemClock
  const events = createEvents(logger.child({ agent: 'mta' }), metrics)
  const router = new Router({ spool, directory, clock, events, notices, routes, outbound })
  const told = metrics.register(RELAY_METRICS)
  const relay = relayOf(dependencies, clock, told)
  const collection = collectionOf(dependencies, clock)
  const leaving = new AbortController()
  let routing: Promise<unknown> = Promise.resolve()
  const drain = async (signal: AbortSignal): Promise<void> => {
    await Promise.all([relay?.drain(signal), collection?.drain(signal)])
  }
  const failed = (error: unknown): void => logger.error('mta.queue.uncounted', { err: error })
  return {
    name: 'forwarding',
    turns: collection?.turns ?? NO_TURNS,
    room: collection?.room ?? ALWAYS_ROOM,
    start: () => {
      const { signal } = leaving
      const counting = countQueue({ office: spool, gauges: told, clock, failed }, signal)
      routing = Promise.all([router.run(signal), relay?.run(signal), collection?.run(signal), counting])
    },
    drain,
    stop: async () => {
      await drain(AbortSignal.abort())
      leaving.abort()
      await routing
    },
  }
}

/** Who carries mail to other hosts, if anybody does. */
function relayOf(
  { relay, spool, notices, routes = new RouteTable(), hostname, owner, logger }: ForwardingDependencies,
  clock: Clock,
  metrics: Instruments<typeof RELAY_METRICS>,
): Relay | undefined {
  if (relay === undefined) return undefined
  if (notices === undefined) throw new TypeError('a relay needs notices: senders must hear of what fails')
  const events = relayEvents(logger.child({ agent: 'mta' }), metrics)
  const made = new Relay({
    spool,
    queue: spool,
    notices,
    courier: createCourier({ ...relay, hostname, clock, routes, events }),
    settings: relay.settings,
    limitsOf: (way) => limitsOf(way, routes),
    owner: `mta ${owner ?? `${hostname} ${process.pid}`}`,
    clock,
    random: Math.random,
    events,
  })
  metrics.connections.read({}, () => made.connections)
  metrics.lanes.read({}, () => made.lanes)
  metrics.starved.read({}, () => made.waiting)
  metrics.unsettled.read({}, () => made.unsettled)
  return made
}

const NO_TURNS: Turns = { begin: () => Promise.resolve({ kind: 'nothing' }) }
const ALWAYS_ROOM: CollectionRoom = { hasRoom: () => true }

/** What waits for customers, if anybody may come. */
function collectionOf(
  { turns, spool, directory, notices, hostname, owner, logger, metrics }: ForwardingDependencies,
  clock: Clock,
): Collection | undefined {
  if (turns === undefined) return undefined
  if (notices === undefined) throw new TypeError('turns need notices: senders must hear of what fails')
  return createCollection({
    spool,
    directory,
    notices,
    settings: turns.settings,
    hostname,
    ...(owner !== undefined && { owner }),
    clock,
    random: randomBytes,
    logger: logger.child({ agent: 'mta' }),
    metrics: metrics.register(TURN_METRICS),
  })
}

/** What a route has of its own. */
function limitsOf(way: Way, routes: RouteTable): WayLimits {
  const route = way.kind === 'route' ? routes.route(way.name) : undefined
  return {
    ...(route?.connections !== undefined && { connectionsPerDestination: route.connections }),
    ...(route?.messagesPerMinute !== undefined && { messagesPerMinute: route.messagesPerMinute }),
  }
}
