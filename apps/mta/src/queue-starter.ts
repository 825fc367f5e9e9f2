import { Resolution_Verdict as Verdict, type DirectoryService } from '@cartero/contracts/directory'
import type { Direction, RouteTable } from '@cartero/routing'
import {
  destinationOf,
  nextHopOf,
  type DeliveryState,
  type DestinationName,
  type NextHop,
  type OutboundQueue,
  type QueueOffice,
} from '@cartero/spool'
import type { QueueStart, QueueStarter } from '@cartero/spool/reception'

/** Destinations that are looked through for those below a domain, those with the most mail first. More would be a scan of the queue. */
export const MOST_DESTINATIONS = 10_000

/** What an urge makes due, and what is under way already. What an operator holds stays. */
const PENDING: ReadonlySet<DeliveryState> = new Set(['ready', 'leased', 'deferred'])

export interface QueueStarterDependencies {
  readonly spool: Pick<OutboundQueue, 'urge'> & Pick<QueueOffice, 'shape'>
  readonly directory: Pick<DirectoryService, 'Resolve'>
  readonly routes: RouteTable
  /** What was answered as started could not be; it is tried when its time comes. */
  readonly failed: (destination: DestinationName, error: unknown) => void
}

/**
 * Has what waits in the spool tried now. It counts by counters and answers; deliveries are made due afterwards, each destination once at
 * a time, however often it is asked for.
 */
// RFC 1985 §5.1
export class SpoolStarter implements QueueStarter {
  readonly #on: QueueStarterDependencies
  readonly #urging = new Set<DestinationName>()

  constructor(dependencies: QueueStarterDependencies) {
    this.#on = dependencies
  }

  async startDomain(domain: string): Promise<QueueStart> {
    const direction = await this.#directionOf(domain)
    switch (direction.kind) {
      case 'refuse':
        return { kind: 'noWay' }
      case 'odmr': {
        const deliveries = await this.#pending(destinationOf(direction))
        return deliveries === 0 ? { kind: 'nothing' } : { kind: 'collected', deliveries }
      }
      case 'route': {
        const { kind } = await this.#start(direction)
        // Others may have mail there, too: how much is not for everybody to know.
        return kind === 'started' ? { kind } : { kind: 'nothing' }
      }
      default:
        return this.#start(direction)
    }
  }

  startRoute(name: string): Promise<QueueStart> {
    if (this.#on.routes.route(name) === undefined) return Promise.resolve({ kind: 'noWay' })
    return this.#start({ kind: 'route', name })
  }

  startBelow(domains: readonly string[]): void {
    void this.#startBelow(domains).catch((error: unknown) => this.#on.failed(`@${domains[0]}`, error))
  }

  async #startBelow(domains: readonly string[]): Promise<void> {
    // No domain has such a label: what is named for all below is meant, and nothing else.
    for (const domain of domains) {
      const direction = this.#on.routes.namedDirectionOf(`@*.${domain}`)
      if (direction?.kind === 'route') this.#urge(destinationOf(direction))
    }
    const cells = await this.#on.spool.shape({ destinations: MOST_DESTINATIONS })
    for (const { destination, state } of cells) {
      const hop = nextHopOf(destination)
      if (hop.kind !== 'remote' || !PENDING.has(state)) continue
      if (domains.some((domain) => hop.domain.endsWith(`.${domain}`))) this.#urge(destination)
    }
  }

  /** As the router has it: rules that name a domain, then the directory, then the DNS; what all mail has in common is no way of its own. */
  async #directionOf(domain: string): Promise<Direction | NextHop> {
    // No local part: what is said of single addresses does not count.
    const named = this.#on.routes.namedDirectionOf(`@${domain}`)
    if (named !== undefined) return named
    const { resolutions } = await this.#on.directory.Resolve({ addresses: [`postmaster@${domain}`] })
    const { verdict, collected } = resolutions[0]!
    if (verdict === Verdict.NOT_OURS) {
      const direction = this.#on.routes.directionOf(`@${domain}`)
      return direction.kind === 'remote' ? direction : { kind: 'refuse' }
    }
    const isCollected = collected.some((address) => address.endsWith(`@${domain}`))
    return isCollected ? { kind: 'odmr', domain } : { kind: 'local' }
  }

  async #start(hop: NextHop): Promise<QueueStart> {
    // Our own mailboxes are nobody's queue, whatever a domain is called.
    const destination = destinationOf(hop)
    if (nextHopOf(destination).kind === 'local') return { kind: 'nothing' }
    const deliveries = await this.#pending(destination)
    if (deliveries === 0) return { kind: 'nothing' }
    this.#urge(destination)
    return { kind: 'started', deliveries }
  }

  /** Recent arrivals may be missing: they are tried by themselves. */
  async #pending(destination: DestinationName): Promise<number> {
    const cells = await this.#on.spool.shape({ destination })
    return cells.reduce((sum, { state, deliveries }) => sum + (PENDING.has(state) ? deliveries : 0), 0)
  }

  /** A hundred thousand deliveries take a while to be made due: nobody waits for it. */
  #urge(destination: DestinationName): void {
    if (this.#urging.has(destination)) return
    this.#urging.add(destination)
    this.#on.spool
      .urge(destination)
      .catch((error: unknown) => this.#on.failed(destination, error))
      .finally(() => this.#urging.delete(destination))
  }
}
