import { RpcChannel } from '@cartero/bus/grpc'
import { HealthCheckResponse_ServingStatus as Status, HealthDefinition } from '@cartero/contracts/health'
import type { Health } from '@cartero/agent/lifecycle'
import type { Directory } from '@cartero/directory'
import { openRemoteDirectory } from '@cartero/directory/remote'
import { RemoteSpool } from '@cartero/spool/remote'

import { identified, service, type Ground } from './ground.ts'
import type { Service } from './service.ts'

type Peer = 'directory' | 'mta'

/** Another agent, and what is asked of it. */
export interface Asked<T> {
  readonly channel: RpcChannel
  readonly port: T
}

/** The directory of another process. */
export function remoteDirectory(ground: Ground): Service<Asked<Directory>> {
  return peer(ground, 'directory', (channel, closing) =>
    closing.adopt(openRemoteDirectory({ channel }), (directory) => directory.close()),
  )
}

/** The spool of another process, which has the mail. */
export function remoteSpool(ground: Ground): Service<Asked<RemoteSpool>> {
  const trouble = (error: Error): void => ground.logger.warn('spool.trouble', { err: error })
  return peer(ground, 'mta', (channel) => new RemoteSpool({ channel, trouble }))
}

/** Another agent that has to be there. */
export function peer<T>(
  ground: Ground,
  name: Peer,
  open: (channel: RpcChannel, closing: AsyncDisposableStack) => T,
): Service<Asked<T>> {
  const address = ground.config.services[name]!
  return service(ground, {
    name: `${name} (remote)`,
    what: `the agent ${name} at ${address}`,
    remedy: `start "cartero run ${name}", or correct services.${name}`,
    open: async (closing) => {
      const channel = closing.adopt(new RpcChannel({ address, ...identified(ground) }), (opened) =>
        opened.close(),
      )
      await serving(channel)
      return { channel, port: open(channel, closing) }
    },
    health: ({ channel }) => healthOf(channel, name, address),
  })
}

async function healthOf(channel: RpcChannel, name: Peer, address: string): Promise<Health> {
  try {
    await serving(channel)
    return { status: 'ok' }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return {
      status: 'failing',
      reason: `the agent ${name} at ${address}: ${reason}`,
      hint: `see why "cartero run ${name}" is away`,
    }
  }
}

/** Rejects when nobody is there, or leaves. */
async function serving(channel: RpcChannel): Promise<void> {
  const { status } = await channel.service(HealthDefinition).Check({ service: '' })
  if (status !== Status.SERVING) throw new Error('it does not serve now')
}
