import type { Health } from '@cartero/agent/lifecycle'
import { NatsBus, type StreamEvents } from '@cartero/bus/nats'

import { identified, service, type Ground } from './ground.ts'
import type { Service } from './service.ts'

/** The broker, for an agent. */
export function broker(ground: Ground): Service<NatsBus> {
  const { servers } = ground.config.services.nats
  const name = `cartero ${ground.process}`
  // deploy/nats/permissions.conf
  const inbox = `_INBOX.${ground.agent}`
  return service(ground, {
    name: 'broker',
    what: `the broker at ${servers.join(', ')}`,
    remedy: 'start nats-server, or correct services.nats',
    // It is tried once; who waits is the service.
    open: async (closing, signal) =>
      closing.adopt(
        await NatsBus.open({
          servers,
          name,
          inbox,
          patience: 0,
          signal,
          events: streamEvents(ground),
          ...identified(ground),
        }),
        (bus) => bus.close(),
      ),
    health: (bus) => healthOf(bus, servers),
  })
}

function healthOf({ isConnected, troubles }: NatsBus, servers: readonly string[]): Health {
  const [trouble] = troubles
  if (!isConnected)
    return {
      status: 'failing',
      reason: `no broker answers at ${servers.join(', ')}`,
      hint: 'see why nats-server is away; the connection is made again by itself',
    }
  if (trouble === undefined) return { status: 'ok' }
  // Who cannot do without the stream says so himself.
  const { name, error } = trouble
  return { status: 'degraded', reason: `the stream ${name}: ${error.message}`, hint: error.remedy }
}

function streamEvents({ logger }: Ground): StreamEvents {
  return {
    lost: (stream) =>
      logger.error('stream.lost', {
        stream,
        reason: 'it was gone and has been made again: what was in it and nobody had taken is lost',
      }),
    troubled: (stream, { message, remedy }) =>
      logger.error('stream.troubled', { stream, reason: message, remedy }),
  }
}
