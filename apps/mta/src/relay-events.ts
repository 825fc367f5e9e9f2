import type { Instruments, Logger } from '@cartero/agent/telemetry'
import { SpoolError, type Outcome } from '@cartero/spool'
import { tellEnding } from './ending-events.ts'
import type { RELAY_METRICS } from './metrics.ts'
import type { CourierEvents } from './relay/courier/index.ts'
import type { RelayEvents } from './relay/floor.ts'
import type { Ending } from './relay/settler.ts'

/** What the relay tells: a counter and a line for each event. */
// oxlint-disable-next-line max-lines-per-function -- one function for each event, and nothing else
export function relayEvents(
  logger: Logger,
  metrics: Instruments<typeof RELAY_METRICS>,
): RelayEvents & CourierEvents {
  const bug = (error: unknown): void => {
    metrics.bugs.add({})
    logger.error('mta.bug', { err: error })
  }
  const stored = (event: string) => (error: unknown) => {
    if (error instanceof SpoolError) logger.error(event, { err: error })
    else bug(error)
  }
  return {
    relayed(ending: Ending, outcome: Outcome): void {
      const { facts } = ending
      if (facts?.host !== undefined)
        metrics.attempts.add({ connection: facts.isReused === true ? 'kept' : 'new' })
      tellEnding(logger, { ending, outcome }, metrics)
    },
    unsettled: stored('mta.relay.unsettled'),
    notTaken: stored('mta.relay.notTaken'),
    unreachable({ destination }, { status, reason }, until): void {
      metrics.outages.add({})
      const next = new Date(until).toISOString()
      logger.warn('destination.unreachable', { destination, status, reason, until: next })
    },
    recovered({ destination }): void {
      logger.info('destination.recovered', { destination })
    },
    called(outcome): void {
      metrics.calls.add({ outcome })
    },
    uncertain({ message, recipients }, host): void {
      const to = recipients.map(({ address }) => address)
      logger.warn('message.uncertain', { qid: message.queueId, to, host })
    },
    resting(host, milliseconds, reason): void {
      logger.info('host.resting', { host, seconds: milliseconds / 1000, reason })
    },
    without(host, what, reason): void {
      logger.warn('host.downgraded', { host, without: what, reason })
    },
    bug,
  }
}
