import type { LogFields, Logger, MetricRegistry } from '@cartero/agent/telemetry'
import type { Delivery, Outcome, QueueId, SpooledMessage } from '@cartero/spool'
import { misfortunesOf, type NoticeEntry, type RecipientResult } from '@cartero/spool/notices'
import { METRICS } from './metrics.ts'
import { isOfStore } from './troubles.ts'

export type Events = ReturnType<typeof createEvents>

/** What the MDA tells: a counter and a line for each event. */
// oxlint-disable-next-line max-lines-per-function -- one function for each event, and nothing else
export function createEvents(logger: Logger, registry: MetricRegistry) {
  const metrics = registry.register(METRICS)
  const failed = (delivery: Delivery, outcome: Outcome, results: readonly RecipientResult[]): void => {
    for (const { to, trouble, fate, next } of misfortunesOf(delivery, results, outcome)) {
      metrics.deliveries.add({ outcome: fate })
      const { reason, status } = trouble
      const told = {
        qid: delivery.message.queueId,
        to,
        status,
        reason,
        ...(trouble.isUnattempted !== true && { attempt: delivery.attempts + 1 }),
        ...(next !== undefined && { next: new Date(next).toISOString() }),
      }
      if (fate === 'dead') logger.error('message.dead', told)
      else logger.warn(`message.${fate}`, told)
    }
  }
  /** Something was thrown that nobody foresaw; what it was about comes again. */
  const bug = (error: unknown): void => {
    metrics.bugs.add({})
    logger.error('mda.bug', { err: error })
  }
  return {
    /** An attempt is over, for each recipient in its way: in the mailbox, later, given back, or a dead letter. */
    ended(delivery: Delivery, results: readonly RecipientResult[], outcome: Outcome, seconds: number): void {
      const to = delivery.recipients.filter((_, i) => results[i]!.kind === 'delivered')
      if (to.length > 0) {
        metrics.deliveries.add({ outcome: 'delivered' }, to.length)
        metrics.delay.observe({}, seconds)
        if (logger.enabled('info')) {
          const qid = delivery.message.queueId
          logger.info('message.delivered', { qid, ...whoOf(to), delay: seconds })
        }
      }
      if (to.length < results.length) failed(delivery, outcome, results)
    },
    /** A message came by LMTP. */
    receivedByLmtp(peer: string, accounts: number, size: number): void {
      metrics.lmtp.add({ outcome: 'taken' })
      logger.info('lmtp.received', { peer, recipients: accounts, size })
    },
    refusedByLmtp(peer: string, reason: string): void {
      metrics.lmtp.add({ outcome: 'refused' })
      logger.info('lmtp.refused', { peer, reason })
    },
    /** A batch could not be settled, or a notice not be written: it comes again. */
    unsettled(error: unknown): void {
      if (isOfStore(error)) logger.error('mda.unsettled', { err: error })
      else bug(error)
    },
    bug,
  }
}

/** Recipients, and whose mailboxes they are where that is not the same. */
function whoOf(recipients: Delivery['recipients']): LogFields {
  const to = recipients.map(({ address }) => address)
  const accounts = recipients.map(({ account }) => account)
  return accounts.some((account, i) => account !== to[i]) ? { to, accounts } : { to }
}

/** Who was told of what, for the log. */
export function noticeEvents(logger: Logger) {
  return (notice: QueueId, { queueId, envelope }: SpooledMessage, entries: readonly NoticeEntry[]): void => {
    const told = entries.map(({ recipient, action }) => `${action} ${recipient.address}`)
    logger.info('notice.sent', { qid: notice, about: queueId, to: envelope.reversePath, told })
  }
}
