import { createImapAgent } from '@cartero/imap-agent/agent'

import { imapSettings } from '../imap-settings.ts'
import { whenOpen } from '../when-open.ts'
import { contents } from './contents.ts'
import { doorIdentity, entrance } from './door.ts'
import type { Ground } from './ground.ts'
import { mailboxes } from './mailboxes.ts'
import type { Common, Parts } from './parts.ts'
import { remoteDirectory } from './peers.ts'

/** Mailboxes for their users. What others put there is heard of by news. */
export function imapParts(ground: Ground, { bus, doorRemedy }: Common): Parts {
  const { config, logger, metrics } = ground
  const content = contents(ground, bus)
  const mail = mailboxes(ground, bus)
  const directory = remoteDirectory(ground)
  const identity = doorIdentity(ground)
  const { tokens, doorkeeper, verbs } = entrance(ground, directory)
  const made = () =>
    createImapAgent({
      settings: imapSettings(config),
      mailStore: mail.open.store,
      content: content.open,
      doorkeeper: doorkeeper(),
      tls: identity.serverForUsers,
      logger,
      metrics,
    })
  return {
    components: [identity, content, mail, directory, tokens, whenOpen('imap', made, doorRemedy)],
    verbs,
    doors: [...config.listen.imap, ...config.listen.imaps],
    identity,
  }
}
