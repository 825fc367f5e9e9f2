import { describe } from 'node:test'

import { appending, delivering } from './appending.ts'
import { catchingUp, closing, referring, watching } from './catching-up.ts'
import { flags } from './flags.ts'
import { large } from './large.ts'
import { copying, expunging } from './leaving.ts'
import { accounts, mailboxes } from './mailboxes.ts'
import { modelled } from './model.ts'
import { trialOf, type MailStoreSetup } from './scene.ts'

export type { MailStoreFixture, MailStoreSetup, MailStoreSetupOptions, TestClock } from './scene.ts'

const groups = {
  accounts,
  mailboxes,
  appending,
  delivering,
  flags,
  expunging,
  copying,
  catchingUp,
  watching,
  referring,
  large,
  closing,
}

/** What every mailstore must do, whatever it is made of. */
export function describeMailStore(name: string, setup: MailStoreSetup): void {
  describe(`mailstore ${name}`, () => {
    for (const [group, declare] of Object.entries(groups)) {
      describe(group, () => declare(trialOf(setup)))
    }
    describe('modelled', () => modelled(setup))
  })
}
