import { NatsBus } from '@cartero/bus/nats'

import { identified, service, type Ground } from './ground.ts'
import type { Service } from './service.ts'

/** The broker, for an agent. */
export function broker(ground: Ground): Service<NatsBus> {
  const { servers } = ground.config.services.nats
  const name = `cartero ${ground.process}`
  return service(ground, {
    name: 'broker',
    what: `the broker at ${servers.join(', ')}`,
    remedy: 'start nats-server, or correct services.nats',
    // It is tried once; who waits is the service.
    open: async (closing, signal) =>
      closing.adopt(
        await NatsBus.open({ servers, name, patience: 0, signal, ...identified(ground) }),
        (bus) => bus.close(),
      ),
    health: (bus) =>
      bus.isConnected
        ? { status: 'ok' }
        : {
            status: 'failing',
            reason: `no broker answers at ${servers.join(', ')}`,
            hint: 'see why nats-server is away; the connection is made again by itself',
          },
  })
}
