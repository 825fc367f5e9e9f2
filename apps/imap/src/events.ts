import type { Logger, MetricRegistry } from '@cartero/agent/telemetry'
import type { ClientId } from '@cartero/imap'
import type { ConnectionFacts } from '@cartero/wire'
import { METRICS } from './metrics.ts'

export type Events = ReturnType<typeof createEvents>

/** What the IMAP agent tells: a counter and a line for each event. */
export function createEvents(logger: Logger, registry: MetricRegistry) {
  const metrics = registry.register(METRICS)
  return {
    connected(_connection: ConnectionFacts): void {
      metrics.sessions.add({})
    },
    /** A connection that came to nothing before there was a session. */
    turnedAway(remoteAddress: string, reason: string): void {
      metrics.rejections.add({})
      logger.info('session.rejected', { peer: remoteAddress, reason })
    },
    authenticated(connection: ConnectionFacts, account: string, mechanism: string): void {
      metrics.authentications.add({ outcome: 'success' })
      logger.info('auth.succeeded', { ...who(connection), account, mechanism })
    },
    authenticationFailed(connection: ConnectionFacts, mechanism: string, reason: string): void {
      metrics.authentications.add({ outcome: 'failure' })
      logger.warn('auth.failed', { ...who(connection), mechanism, reason })
    },
    /** The account has as many sessions as it may. */
    tooManySessions(connection: ConnectionFacts, account: string): void {
      metrics.authentications.add({ outcome: 'limit' })
      logger.warn('account.sessions.limited', { ...who(connection), account })
    },
    /** What the client says of itself (RFC 2971): for logs only. */
    identified(connection: ConnectionFacts, client: ClientId): void {
      if (!logger.enabled('debug')) return
      logger.debug('client.identified', { ...who(connection), client: Object.fromEntries(client) })
    },
    appended(connection: ConnectionFacts, account: string, size: number): void {
      metrics.appended.add({})
      logger.debug('message.appended', { ...who(connection), account, size })
    },
    /** Something was thrown that nobody foresaw; the client was told NO or the connection ended. */
    bug(connection: ConnectionFacts, error: unknown, command: string): void {
      metrics.bugs.add({})
      logger.error('imap.bug', { ...who(connection), command, err: error })
    },
  }
}

/** With the proxy that spoke for him, if one did: of some it tells nothing else. */
function who({ id, remoteAddress, proxy }: ConnectionFacts) {
  return { sid: id, peer: remoteAddress, ...(proxy && { proxy: proxy.address }) }
}
