import type { Component } from '@cartero/agent/lifecycle'
import { createLocalSubmission, type LocalSubmission } from '@cartero/msa-agent/agent'
import { openPostgresJournal, type PostgresJournal } from '@cartero/journey/postgres'
import type { QueueOffice } from '@cartero/spool'
import type { JetStreamIntake } from '@cartero/spool/jetstream'

import { reclaimer, type ReclaimerOptions } from '../reclaimer.ts'
import { msaSettings } from '../smtp-settings.ts'
import type { SystemStatus } from '../status.ts'
import { WayOut } from '../way-out.ts'
import { askAgents } from './agents-asked.ts'
import { contents } from './contents.ts'
import { stored, type Stored } from './database.ts'
import { deskControl } from './desk.ts'
import { entrance } from './door.ts'
import type { Ground } from './ground.ts'
import { handover } from './handover.ts'
import { journeyKeeper } from './journey-keeper.ts'
import { mailboxes } from './mailboxes.ts'
import type { Common, Parts } from './parts.ts'
import { remoteDirectory, remoteSpool } from './peers.ts'
import { Scratch } from './scratch.ts'
import type { Service } from './service.ts'

/** The operator's desk: it keeps the journey, answers the command line for all agents, and gives back space that nobody needs. */
export function consoleParts(ground: Ground, { bus }: Common): Parts {
  const { config, data, logger, metrics } = ground
  const content = contents(ground, bus)
  const intake = handover(ground, { bus, content })
  const mail = mailboxes(ground, bus)
  const kept = keptJournal(ground)
  const directory = remoteDirectory(ground)
  const spool = remoteSpool(ground)
  const scratch = new Scratch()
  const wayOut = new WayOut({ config, data, stores: scratch })
  const { bans, tokens, doorkeeper } = entrance(ground, directory)
  const submission = (): LocalSubmission =>
    createLocalSubmission({
      settings: msaSettings(config),
      intake: intake.open,
      directory: directory.open.port,
      doorkeeper: doorkeeper(),
      logger,
      metrics,
    })
  const stores = {
    get open() {
      return {
        spool: spool.open.port,
        content: content.open,
        mailStore: mail.open.store,
        directory: directory.open.port,
      }
    },
  }
  const keeping = journeyKeeper(ground, { bus, journal: () => kept.open.store })
  const reclaiming = reclaimingOf(ground, stores, intake)
  const waiting = [content, intake, mail, kept, directory, spool, scratch, wayOut]
  return {
    ...deskControl(ground, { stores, wayOut, bans, journal: () => kept.open.store, submission }),
    components: [...waiting, tokens, keeping, reclaiming],
    doors: [],
    about: () => lookedAround(ground, spool.open.port),
  }
}

/** What was handed over and is not in the spool yet refers to contents, too. */
function reclaimingOf(
  { config, logger }: Ground,
  stores: ReclaimerOptions['stores'],
  intake: { readonly open: Pick<JetStreamIntake, 'checkTakenIn'> },
): Component {
  const check = (): Promise<void> => intake.open.checkTakenIn()
  return reclaimer({ stores, check, every: config.spool.reclaimEvery, logger })
}

function keptJournal(ground: Ground): Service<Stored<PostgresJournal>> {
  const { config, logger } = ground
  return stored(ground, 'journey', (database) =>
    openPostgresJournal({
      database,
      keepFor: config.journey.keep,
      keepOctets: config.journey.size,
      trouble: (error) => logger.warn('journey.trouble', { err: error }),
    }),
  )
}

/** How many messages wait nobody knows without an mta; how the others are is asked for then, above all. */
async function lookedAround(
  ground: Ground,
  office: Pick<QueueOffice, 'shape'>,
): Promise<Partial<SystemStatus>> {
  const [counted, agents] = await Promise.all([Promise.allSettled([waitingIn(office)]), askAgents(ground)])
  const [count] = counted
  return { waiting: count.status === 'fulfilled' ? count.value : undefined, agents }
}

/** Dead letters wait for nobody but the operator. */
const ENDED: ReadonlySet<string> = new Set(['failed', 'expired'])

/** Deliveries that are on their way. */
async function waitingIn(office: Pick<QueueOffice, 'shape'>): Promise<number> {
  const cells = await office.shape({ destinations: 0 })
  return cells.reduce((sum, { state, deliveries }) => sum + (ENDED.has(state) ? 0 : deliveries), 0)
}
