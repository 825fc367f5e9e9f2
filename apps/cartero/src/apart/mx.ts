import { createMxAgent, SenderDomainLookup, type MxAgent } from '@cartero/mta-agent/agent'
import { systemClock } from '@cartero/wire'

import { mtaSettings } from '../smtp-settings.ts'
import { whenOpen } from '../when-open.ts'
import { contents } from './contents.ts'
import { doorIdentity } from './door.ts'
import type { Ground } from './ground.ts'
import { handover } from './handover.ts'
import type { Common, Parts } from './parts.ts'
import { remoteDirectory, spoolBehind } from './peers.ts'
import { nameServers } from './name-servers.ts'
import { waitingMail } from './waiting-mail.ts'

/** The doors for other hosts. What comes in is handed over; no store is known here. */
export function mxParts(ground: Ground, { bus, doorRemedy }: Common): Parts {
  const { config, logger, metrics } = ground
  const content = contents(ground, bus)
  const intake = handover(ground, { bus, content })
  const directory = remoteDirectory(ground)
  const spool = spoolBehind(ground)
  const identity = doorIdentity(ground)
  const isChecked = config.smtp.mx.senderDomains === 'check'
  const resolver = nameServers(config)
  const made = (): MxAgent => {
    const { port } = directory.open
    return createMxAgent({
      name: 'mx',
      settings: mtaSettings(config),
      intake: intake.open,
      directory: port,
      tls: identity.server,
      logger,
      metrics,
      ...waitingMail(ground, { office: spool.open.port, directory: port }),
      ...(isChecked && {
        senderDomains: new SenderDomainLookup({
          resolver: resolver.open,
          directory: port,
          clock: systemClock,
        }),
      }),
    })
  }
  return {
    components: [identity, content, intake, directory, spool, resolver, whenOpen('mx', made, doorRemedy)],
    doors: config.listen.mx,
    identity,
  }
}
