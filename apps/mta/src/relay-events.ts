import type { Instruments, Logger, LogFields } from '@cartero/agent/telemetry'
import { SpoolError, type Outcome } from '@cartero/spool'
import { misfortunesOf } from '@cartero/spool/notices'
import type { RELAY_METRICS } from './metrics.ts'
import type { CourierEvents } from './relay/courier/index.ts'
import type { RelayEvents } from './relay/floor.ts'
import { isThrough, type Ending } from './relay/settler.ts'

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
      const { load, results, facts } = ending
      if (facts?.host !== undefined)
        metrics.attempts.add({ connection: facts.isReused === true ? 'kept' : 'new' })
      const taken = load.delivery.recipients.filter((_, i) => isThrough(results[i]))
      if (taken.length > 0) {
        metrics.deliveries.add({ outcome: 'relayed' }, taken.length)
        metrics.delay.observe({}, (ending.endedAt - load.delivery.message.acceptedAt) / 1000)
        if (logger.enabled('info')) tellTaken(logger, ending)
      }
      if (taken.length === results.length) return
      for (const { to, trouble, fate, next } of misfortunesOf(load.delivery, results, outcome)) {
        metrics.deliveries.add({ outcome: fate })
        const { status, reason, remote } = trouble
        const told = {
          ...fieldsOf(ending),
          to,
          status,
          reason,
          ...(remote && { reply: remote.reply }),
          ...(next !== undefined && { next: new Date(next).toISOString() }),
        }
        if (fate === 'dead') logger.error('message.dead', told)
        else logger.warn(`message.${fate}`, told)
      }
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

/** One line for all recipients that a host has said the same of, which is the rule. */
function tellTaken(logger: Logger, ending: Ending): void {
  const { load, results } = ending
  const byReply = new Map<string | undefined, string[]>()
  load.delivery.recipients.forEach(({ address, forward }, i) => {
    const result = results[i]
    if (!isThrough(result)) return
    const reply = 'remote' in result ? result.remote?.reply : undefined
    const to = byReply.get(reply)
    if (to === undefined) byReply.set(reply, [forward ?? address])
    else to.push(forward ?? address)
  })
  const common = fieldsOf(ending)
  for (const [reply, to] of byReply)
    logger.info('message.relayed', { ...common, to, ...(reply !== undefined && { reply }) })
}

/** What is the same for all recipients. The delays are in seconds: in the queue, until a connection had it, and in the transaction. */
function fieldsOf({ load, lane, facts, results, endedAt }: Ending): LogFields {
  const { delivery, takenAt, startedAt } = load
  const { queueId, acceptedAt } = delivery.message
  const isAttempted = !results.every((result) => 'isUnattempted' in result)
  const common = {
    qid: queueId,
    destination: lane.destination,
    ...(isAttempted && { attempt: delivery.attempts + 1 }),
  }
  if (facts === undefined) return { ...common, delay: (endedAt - acceptedAt) / 1000 }
  const { host, address, tls, sending = endedAt - startedAt } = facts
  return {
    ...common,
    ...(host !== undefined && { host }),
    ...(address !== undefined && { address }),
    ...(tls !== undefined && { tls }),
    delay: (endedAt - acceptedAt) / 1000,
    delays: {
      queued: (takenAt - acceptedAt) / 1000,
      connect: (endedAt - sending - takenAt) / 1000,
      send: sending / 1000,
    },
  }
}
