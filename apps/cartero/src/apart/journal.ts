import type { NatsBus } from '@cartero/bus/nats'
import type { Journal } from '@cartero/journey'
import { JetStreamJournal } from '@cartero/journey/jetstream'

import { countDropped } from '../journey.ts'
import { service, type Ground } from './ground.ts'
import type { LateJournal } from './late-journal.ts'
import type { Service } from './service.ts'

/** What happens to messages, told to whoever keeps it. Mail never waits for it. */
export function tellingJournal(
  ground: Ground,
  bus: { readonly open: NatsBus },
  late: LateJournal,
): Service<Journal> {
  countDropped(ground.metrics, late)
  return service(ground, {
    name: 'journey',
    what: 'the stream of what happens to messages',
    remedy: 'see what the broker says in its log',
    open: async (closing, signal) => {
      const { replicas } = ground.config.services.nats
      const journal = closing.adopt(
        await JetStreamJournal.open({
          bus: bus.open,
          replicas,
          signal,
          trouble: (error) => ground.logger.warn('journey.trouble', { err: error }),
        }),
        (opened) => opened.close(),
      )
      late.become(journal)
      closing.defer(() => late.end())
      return journal
    },
  })
}
