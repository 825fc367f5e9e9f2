import { createMdaAgent, Terminals } from '@cartero/mda-agent/agent'
import { systemClock } from '@cartero/wire'

import { lmtpSettings } from '../smtp-settings.ts'
import { whenOpen } from '../when-open.ts'
import { contents } from './contents.ts'
import { doorIdentity } from './door.ts'
import type { Ground } from './ground.ts'
import { handover } from './handover.ts'
import { mailboxes } from './mailboxes.ts'
import { noticesBy } from '../notices.ts'
import type { Common, Parts } from './parts.ts'
import { remoteDirectory, remoteSpool } from './peers.ts'

/** While a transaction of the mailstore runs, the batches that wait share the next one; what so many hold is ready again when we die. */
const BATCHES_AT_WORK = 5

/** Takes what is due for our mailboxes from the mta, and puts it there. */
export function mdaParts(ground: Ground, { bus, doorRemedy }: Common): Parts {
  const { config, logger, metrics } = ground
  const content = contents(ground, bus)
  const intake = handover(ground, { bus, content })
  const mail = mailboxes(ground, bus)
  const spool = remoteSpool(ground)
  const isLmtp = config.listen.lmtp.length > 0
  // Only who comes by LMTP is asked about, and shown a certificate.
  const directory = isLmtp ? remoteDirectory(ground) : undefined
  const identity = isLmtp ? doorIdentity(ground) : undefined
  const terminals = new Terminals(systemClock)
  const made = () =>
    createMdaAgent({
      spool: spool.open.port,
      mailStore: mail.open.store,
      content: content.open,
      notices: noticesBy(ground, { intake: intake.open, content: content.open }),
      terminals,
      inFlight: BATCHES_AT_WORK,
      logger,
      metrics,
      ...(directory && {
        lmtp: { settings: lmtpSettings(config), directory: directory.open.port, tls: identity!.server },
      }),
    })
  const doors = [identity, directory].filter((each) => each !== undefined)
  return {
    components: [...doors, content, intake, mail, spool, whenOpen('mda', made, doorRemedy)],
    doors: config.listen.lmtp,
    ...(identity && { identity }),
  }
}
