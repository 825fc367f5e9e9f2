import type { Instruments, Logger } from '@cartero/agent/telemetry'
import { SpoolError, type UncollectedMail } from '@cartero/spool'

import { tellEnding } from '../ending-events.ts'
import type { TURN_METRICS } from '../metrics.ts'
import type { ContactNotice } from './contacts.ts'
import type { TurnsEvents } from './turns.ts'

export interface CollectionEvents extends TurnsEvents {
  readonly counted: (waiting: readonly UncollectedMail[]) => void
  readonly expired: (domain: string, deliveries: number) => void
  readonly notified: (notice: ContactNotice) => void
}

/** What turns tell, and who keeps what waits for them: a counter and a line for each event. */
// oxlint-disable-next-line max-lines-per-function -- one function for each event, and nothing else
export function collectionEvents(
  logger: Logger,
  metrics: Instruments<typeof TURN_METRICS>,
): CollectionEvents {
  const stored = (event: string) => (error: unknown) => {
    if (!(error instanceof SpoolError)) metrics.bugs.add({})
    logger.error(event, { err: error })
  }
  return {
    began({ sid, peer, account, domains }, waiting): void {
      logger.info('turn.began', { sid, peer, account, domains, waiting })
    },
    refused({ sid, peer, account, domains }, reason): void {
      metrics.turns.add({ outcome: reason })
      const fields = { sid, peer, account, domains, reason }
      // Who comes every minute would fill the log with it.
      if (reason === 'nothing') logger.debug('turn.refused', fields)
      else logger.warn('turn.refused', fields)
    },
    ended({ sid, peer, account, domains }, { milliseconds, ...count }, { kind, reason }): void {
      metrics.turns.add({ outcome: kind })
      metrics.messages.add({}, count.messages)
      metrics.octets.add({}, count.octets)
      metrics.duration.observe({}, milliseconds / 1000)
      logger.info('turn.ended', {
        sid,
        peer,
        account,
        domains,
        how: kind,
        ...(reason !== undefined && { reason }),
        ...count,
        ms: milliseconds,
      })
    },
    relayed: (ending, outcome) => tellEnding(logger, { ending, outcome }, metrics),
    unsettled: stored('turn.unsettled'),
    notTaken: stored('turn.notTaken'),
    uncounted: stored('mta.collected.uncounted'),
    counted(waiting): void {
      const sum = (field: 'deliveries' | 'octets'): number =>
        waiting.reduce((total, mail) => total + mail[field], 0)
      metrics.waiting.set({}, sum('deliveries'))
      metrics.waitingOctets.set({}, sum('octets'))
      metrics.domains.set({}, waiting.length)
    },
    expired(domain, deliveries): void {
      metrics.expired.add({}, deliveries)
      logger.warn('mta.collected.expired', { domain, deliveries })
    },
    notified({ queueId, to, mail: { domain, deliveries, octets } }): void {
      logger.info('notice.sent', { qid: queueId, to, domain, waiting: deliveries, octets })
    },
  }
}
