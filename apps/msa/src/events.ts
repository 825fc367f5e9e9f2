import type { Logger, MetricRegistry } from '@cartero/agent/telemetry'
import { acceptedFields, loginEvents, type Accepted } from '@cartero/spool/reception'
import type { ConnectionFacts } from '@cartero/wire'
import { METRICS } from './metrics.ts'

export type Events = ReturnType<typeof createEvents>

/** What the MSA tells: a counter and a line for each event. */
export function createEvents(logger: Logger, registry: MetricRegistry) {
  const metrics = registry.register(METRICS)
  return {
    ...loginEvents('msa', logger, metrics),
    rateLimited(account: string): void {
      logger.warn('account.rate.limited', { account })
    },
    /** The message is ours now: the client was told 250. */
    submitted(accepted: Accepted, connection: ConnectionFacts): void {
      metrics.submitted.add({})
      metrics.octets.add({}, accepted.size)
      if (logger.enabled('info')) logger.info('message.submitted', acceptedFields(accepted, connection))
    },
  }
}
