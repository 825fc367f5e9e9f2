import type { Logger } from '@cartero/agent/telemetry'
import type { Change, DeliverySummary } from '@cartero/spool'

const NAMES: Readonly<Record<Change['kind'], string>> = {
  hold: 'message.held',
  release: 'message.released',
  retry: 'message.retried',
  remove: 'message.removed',
  return: 'message.bounced',
  expire: 'message.expired',
  reroute: 'message.rerouted',
}

/** What an operator did to deliveries: a line for each, which its journey keeps. */
export function changeEvents(
  logger: Logger,
): (change: Change, deliveries: readonly DeliverySummary[]) => void {
  return ({ kind, ...how }, deliveries) => {
    for (const { queueId, reversePath, recipients } of deliveries)
      logger.info(NAMES[kind], { qid: queueId, from: reversePath, to: recipients, ...how })
  }
}
