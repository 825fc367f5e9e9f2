import { ControlError } from '@cartero/agent/admin'
import type { ContentStore } from '@cartero/content'
import type { Directory } from '@cartero/directory'
import type { AddressBans } from '@cartero/directory/doorkeeper'
import type { Journal } from '@cartero/journey'
import type { MailStore } from '@cartero/mailstore'
import type { LocalSubmission } from '@cartero/msa-agent/agent'
import type { QueueOffice } from '@cartero/spool'

import { controlOf, type Control } from '../control.ts'
import { journeyVerbs } from '../journey.ts'
import type { WayOut } from '../way-out.ts'
import { agentVerbs } from './agents-asked.ts'
import type { Ground } from './ground.ts'

export interface DeskParts {
  readonly stores: {
    readonly open: {
      readonly spool: QueueOffice
      readonly content: ContentStore
      readonly mailStore: MailStore
      readonly directory: Directory
    }
  }
  readonly wayOut: WayOut
  readonly bans: AddressBans
  readonly journal: () => Journal
  /** Takes messages of programs on this machine. */
  readonly submission: () => LocalSubmission
}

/** All that the command line can be told, answered for agents in other processes as in one. */
export function deskControl(ground: Ground, desk: DeskParts): Control {
  const { config, logger } = ground
  const { stores, wayOut, bans, submission } = desk
  let local: LocalSubmission | undefined
  const journal: Pick<Journal, 'find'> = {
    find: (question, signal) => desk.journal().find(question, signal),
  }
  const controlled = {
    config,
    stores,
    wayOut,
    administered: () => ({ ...stores.open, bans }),
    local: () => (local ??= submission()),
    customer,
    journal,
    logger,
  }
  return controlOf(controlled, {
    ...journeyVerbs(() => journal),
    ...agentVerbs(ground),
    ...AT_THE_DOORS,
  })
}

/** Who is turned away, each process knows for its own doors. */
const AT_THE_DOORS = {
  'ban.list': () => Promise.reject(elsewhere('msa, imap or odmr', 'ban list')),
  'ban.lift': () => Promise.reject(elsewhere('msa, imap or odmr', 'ban lift')),
}

function customer(): never {
  throw elsewhere('odmr', 'odmr fetch')
}

function elsewhere(agent: string, command: string): ControlError {
  return new ControlError('failure', `"cartero ${command}" is answered where the agent ${agent} runs`)
}
