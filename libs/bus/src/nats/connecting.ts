import { connect, type ConnectionOptions, type NatsConnection } from 'nats'
import { pause, type Clock } from '@cartero/wire'

import { refuseClearText } from '../clear-text.ts'
import type { AgentIdentity } from '../grpc/credentials.ts'
import { BrokerError } from './broker-error.ts'
import { NATS_LIMITS } from './limits.ts'

export interface ConnectingOptions {
  /** `host:port` of each server. */
  readonly servers: readonly string[]
  /** Certificate for mutual TLS; needed everywhere but on loopback. */
  readonly identity?: AgentIdentity
  /** Who this is, for the server's list of connections. */
  readonly name: string
  /** What subjects of answers begin with. Where a broker tells agents apart, it lets each hear its own only. */
  readonly inbox?: string
  /** Milliseconds for the first connection; after that it is made again as often as it takes. */
  readonly patience?: number
}

/** Throws TypeError where octets would cross a network in the clear. */
export function connectionOptions({ servers, identity, name, inbox }: ConnectingOptions): ConnectionOptions {
  if (identity === undefined) for (const server of servers) refuseClearText(server)
  return {
    servers: [...servers],
    name,
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true,
    reconnectTimeWait: NATS_LIMITS.retry,
    timeout: NATS_LIMITS.connect,
    pingInterval: NATS_LIMITS.ping,
    maxPingOut: NATS_LIMITS.pingsMissed,
    // Certificates bear the names that we call the servers by, not the addresses they tell of each other.
    ignoreClusterUpdates: true,
    noAsyncTraces: true,
    ...(inbox !== undefined && { inboxPrefix: inbox }),
    ...(identity && {
      tls: {
        ca: identity.authority.toString(),
        cert: identity.certificate.toString(),
        key: identity.key.toString(),
      },
    }),
  }
}

/** Rejects with BrokerError when there is no connection for that long, and with the signal's reason. */
export async function firstConnection(
  options: ConnectingOptions,
  clock: Clock,
  signal: AbortSignal,
): Promise<NatsConnection> {
  const terms = connectionOptions(options)
  const deadline = clock.elapsed() + (options.patience ?? NATS_LIMITS.boot)
  for (;;) {
    try {
      return await connect(terms)
    } catch (cause) {
      if (clock.elapsed() >= deadline) throw unreachable(options.servers, cause)
      await pause(clock, NATS_LIMITS.retry, signal)
      signal.throwIfAborted()
    }
  }
}

function unreachable(servers: readonly string[], cause: unknown): BrokerError {
  const words = cause instanceof Error ? cause.message : String(cause)
  return new BrokerError('unavailable', `no broker answers at ${servers.join(', ')}: ${words}`, {
    cause,
    remedy: 'start nats-server, or correct the addresses, certificates and authority in the configuration',
  })
}
