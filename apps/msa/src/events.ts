import type { Logger, MetricRegistry } from '@cartero/agent/telemetry'
import { peerOf, sessionEvents, type Accepted } from '@cartero/spool/reception'
import type { ConnectionFacts } from '@cartero/wire'
import { METRICS } from './metrics.ts'

export type Events = ReturnType<typeof createEvents>

/** What the MSA tells: a counter and a line for each event. */
// oxlint-disable-next-line max-lines-per-function -- one function for each event, and nothing else
export function createEvents(logger: Logger, registry: MetricRegistry) {
  const metrics = registry.register(METRICS)
  return {
    ...sessionEvents('msa', logger, metrics),
    authenticated(connection: ConnectionFacts, account: string, mechanism: string): void {
      metrics.authentications.add({ outcome: 'success' })
      logger.info('auth.succeeded', {
        ...peerOf(connection),
        account,
        mechanism,
      })
    },
    authenticationFailed(
      connection: ConnectionFacts,
      mechanism: string,
      reason: string,
      login?: string,
    ): void {
      metrics.authentications.add({ outcome: 'failure' })
      logger.warn('auth.failed', {
        ...peerOf(connection),
        mechanism,
        login,
        reason,
      })
    },
    rateLimited(account: string): void {
      logger.warn('account.rate.limited', { account })
    },
    /** The message is ours now: the client was told 250. */
    submitted({ queueId, envelope, size, origin }: Accepted, connection: ConnectionFacts): void {
      metrics.submitted.add({})
      metrics.octets.add({}, size)
      if (!logger.enabled('info')) return
      const to = envelope.recipients.map((recipient) => recipient.address)
      const { reversePath: from, account } = envelope
      logger.info('message.submitted', {
        qid: queueId,
        ...peerOf(connection),
        account,
        from,
        to,
        size,
        ...(origin !== undefined && { origin }),
      })
    },
  }
}
