import { createMsaAgent, type MsaAgent } from '@cartero/msa-agent/agent'

import { msaSettings } from '../smtp-settings.ts'
import { submissionUploads } from '../submission-verbs.ts'
import { whenOpen } from '../when-open.ts'
import { contents } from './contents.ts'
import { doorIdentity, entrance } from './door.ts'
import type { Ground } from './ground.ts'
import { handover } from './handover.ts'
import type { Common, Parts } from './parts.ts'
import { remoteDirectory, spoolBehind } from './peers.ts'
import { waitingMail } from './waiting-mail.ts'

/** The doors for our users' mail. What they submit is handed over; no store is known here. */
export function msaParts(ground: Ground, { bus, doorRemedy }: Common): Parts {
  const { config, logger, metrics } = ground
  const content = contents(ground, bus)
  const intake = handover(ground, { bus, content })
  const directory = remoteDirectory(ground)
  const spool = spoolBehind(ground)
  const identity = doorIdentity(ground)
  const { tokens, doorkeeper, verbs } = entrance(ground, directory)
  const made = (): MsaAgent =>
    createMsaAgent({
      settings: msaSettings(config),
      intake: intake.open,
      directory: directory.open.port,
      doorkeeper: doorkeeper(),
      tls: identity.serverForUsers,
      logger,
      metrics,
      ...waitingMail(ground, { office: spool.open.port, directory: directory.open.port }),
    })
  const agent = whenOpen('msa', made, doorRemedy)
  return {
    components: [identity, content, intake, directory, spool, tokens, agent],
    verbs,
    uploads: submissionUploads(() => agent.made?.local),
    doors: [...config.listen.submission, ...config.listen.submissions],
    identity,
  }
}
