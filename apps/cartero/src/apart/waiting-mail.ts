import { collectionRoom, SpoolStarter } from '@cartero/mta-agent/agent'
import type { Directory } from '@cartero/directory'
import type { QueueOffice, OutboundQueue } from '@cartero/spool'
import type { CollectionRoom } from '@cartero/spool/dispatch'
import type { QueueStarter } from '@cartero/spool/reception'
import { systemClock } from '@cartero/wire'

import { turnSettings } from '../odmr-settings.ts'
import { routeTable } from '../relay-settings.ts'
import type { Ground } from './ground.ts'

/** What an edge asks of the spool, which is elsewhere: whether more may wait for a customer, and that waiting mail is tried now. */
export interface WaitingMail {
  readonly room: CollectionRoom
  readonly queueStarter: QueueStarter
}

type Office = Pick<QueueOffice, 'shape' | 'uncollected'> & Pick<OutboundQueue, 'urge'>

export function waitingMail(
  { config, logger }: Ground,
  { office, directory }: { readonly office: Office; readonly directory: Directory },
): WaitingMail {
  return {
    room: collectionRoom({
      directory,
      office,
      settings: turnSettings(config),
      clock: systemClock,
      failed: (error) => logger.warn('room.uncounted', { err: error }),
    }),
    queueStarter: new SpoolStarter({
      spool: office,
      directory,
      // Passwords of routes are of no use here.
      routes: routeTable(config, () => ''),
      failed: (destination, error) => logger.error('queue.not-started', { destination, err: error }),
    }),
  }
}
