import { RpcChannel } from '@cartero/bus/grpc'
import { HealthCheckResponse_ServingStatus as Status, HealthDefinition } from '@cartero/contracts/health'
import type { Directory } from '@cartero/directory'
import { openRemoteDirectory } from '@cartero/directory/remote'
import { RemoteSpool } from '@cartero/spool/remote'

import { identified, service, type Ground } from './ground.ts'
import type { Service } from './service.ts'

/** Milliseconds: whoever asks how we are waits for a second. One that is silent must not make us so. */
const ANSWER_WITHIN = 700

type Peer = 'directory' | 'mta'

/** Another agent, and what is asked of it. */
export interface Asked<T> {
  readonly channel: RpcChannel
  readonly port: T
}

export interface PeerOptions<T> {
  readonly name: Peer
  readonly open: (channel: RpcChannel, closing: AsyncDisposableStack) => T
  /** Where nothing works without it, it is waited for, and its absence is a failure. */
  readonly isNeeded?: boolean
}

/** The directory of another process. */
export function remoteDirectory(ground: Ground): Service<Asked<Directory>> {
  return peer(ground, {
    name: 'directory',
    open: (channel, closing) =>
      closing.adopt(openRemoteDirectory({ channel }), (directory) => directory.close()),
  })
}

/** The spool of another process, which has the mail. */
export function remoteSpool(ground: Ground): Service<Asked<RemoteSpool>> {
  return peer(ground, { name: 'mta', open: spoolOver(ground) })
}

/** The same for edges, which take mail in without it. */
export function spoolBehind(ground: Ground): Service<Asked<RemoteSpool>> {
  return peer(ground, { name: 'mta', open: spoolOver(ground), isNeeded: false })
}

function spoolOver({ logger }: Ground): (channel: RpcChannel) => RemoteSpool {
  const trouble = ({ message }: Error): void =>
    logger.warn('spool.trouble', { agent: 'mta', reason: message })
  const back = (): void => logger.info('spool.back', { agent: 'mta' })
  return (channel) => new RemoteSpool({ channel, trouble, back })
}

/** Another agent that has to be there, or should be. */
export function peer<T>(ground: Ground, options: PeerOptions<T>): Service<Asked<T>> {
  const { name, open, isNeeded = true } = options
  const address = ground.config.services[name]!
  return service(ground, {
    name: `${name} (remote)`,
    what: `the agent ${name} at ${address}`,
    remedy: `start "cartero run ${name}", or correct services.${name}`,
    open: async (closing) => {
      const channel = closing.adopt(new RpcChannel({ address, ...identified(ground) }), (opened) =>
        opened.close(),
      )
      if (isNeeded) await serving(channel)
      return { channel, port: open(channel, closing) }
    },
    health: async ({ channel }) => {
      const reason = await absence(channel)
      if (reason === undefined) return { status: 'ok' }
      return {
        status: isNeeded ? 'failing' : 'degraded',
        reason: `the agent ${name} at ${address}: ${reason}`,
        hint: `see why "cartero run ${name}" is away`,
      }
    },
  })
}

/** Why it does not serve; undefined when it does. */
async function absence(channel: RpcChannel): Promise<string | undefined> {
  try {
    await serving(channel, AbortSignal.timeout(ANSWER_WITHIN))
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** Rejects when nobody is there, or leaves. */
async function serving(channel: RpcChannel, signal?: AbortSignal): Promise<void> {
  const { status } = await channel.service(HealthDefinition).Check({ service: '' }, signal)
  if (status !== Status.SERVING) throw new Error('it does not serve now')
}
