import type { Courier } from '../ports.ts'
import { HostConnections } from './host-connections.ts'
import { HostMemory } from './host-memory.ts'
import type { CourierOptions } from './options.ts'
import { Round } from './round.ts'

/**
 * A courier for as many runs at once as there are connections: they share what is remembered of hosts.
 *
 * Guarantee: each delivery that is taken from a feed is either done or given back before its run ends; it is given back only
 * when no host can have it.
 */
export function createCourier(options: CourierOptions): Courier {
  const common = {
    options,
    memory: new HostMemory(options.clock),
    connections: new HostConnections(options.settings.connectionsPerHost, options.clock),
  }
  return { run: (feed, signal) => new Round(common, feed, signal).run() }
}
