import type { Counter, Logger, LogFields } from '@cartero/agent/telemetry'
import type { Outcome } from '@cartero/spool'
import { misfortunesOf } from '@cartero/spool/notices'
import { isThrough, type Ending } from './relay/settler.ts'

/** What can become of a recipient at a next host. */
export const RECIPIENT_OUTCOMES = ['relayed', 'deferred', 'returned', 'dead'] as const

/** Counters of those who speak with next hosts. */
export interface EndingMetrics {
  readonly deliveries: Counter<{ readonly outcome: typeof RECIPIENT_OUTCOMES }>
  readonly delay: { observe(labels: object, value: number): void }
}

/** A counter and a line for what became of each recipient; those who share an answer share the line. */
export function tellEnding(
  logger: Logger,
  { ending, outcome }: { readonly ending: Ending; readonly outcome: Outcome },
  metrics: EndingMetrics,
): void {
  const { load, results } = ending
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
function fieldsOf({ load, lane, facts, results, endedAt, more }: Ending): LogFields {
  const { delivery, takenAt } = load
  const { queueId, acceptedAt } = delivery.message
  const isAttempted = !results.every((result) => 'isUnattempted' in result)
  const common = {
    qid: queueId,
    destination: lane.destination,
    ...more,
    ...(isAttempted && { attempt: delivery.attempts + 1 }),
  }
  if (facts === undefined) return { ...common, delay: (endedAt - acceptedAt) / 1000 }
  const { host, address, tls, sending = 0 } = facts
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
