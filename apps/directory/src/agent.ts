import type { Component } from '@cartero/agent/lifecycle'
import type { Logger, MetricRegistry } from '@cartero/agent/telemetry'
import type { Directory } from '@cartero/directory'
import { AddressBans, type BanLimits } from '@cartero/directory/doorkeeper'
import { systemClock, type Clock } from '@cartero/wire'
import { createEvents } from './events.ts'
import { observedDirectory } from './observed-directory.ts'

export {
  addAccount,
  addAlias,
  changeAccount,
  listAccounts,
  listAliases,
  listBans,
  liftBan,
  removeAccount,
  removeAlias,
  setPassword,
  type AccountEntry,
  type AccountChange,
  type AliasEntry,
  type BanEntry,
} from './admin.ts'
export {
  addDomain,
  changeDomain,
  listDomains,
  removeDomain,
  type CollectionEntry,
  type DomainChange,
  type DomainEntry,
} from './admin-domain.ts'

export interface DirectoryDependencies {
  /** Opens the store; called once, at the start. Rejects in words for the operator. */
  readonly open: () => Promise<Directory>
  readonly logger: Logger
  readonly metrics: MetricRegistry
  /** When a peer that guesses is turned away. */
  readonly bans?: Partial<BanLimits>
  readonly clock?: Clock
}

/** The directory as a part of a process: open between start and stop, and telling what changes it. */
export interface DirectoryAgent extends Component {
  /** For the other agents of the process. Throws before the start. */
  readonly directory: Directory
  /** Who is turned away: one for all doors of the process. */
  readonly bans: AddressBans
}

/** Makes the agent. Its directory is for the agents of its own process, and can be offered to others as it is. */
export function createDirectoryAgent(dependencies: DirectoryDependencies): DirectoryAgent {
  const { open, logger, metrics, clock = systemClock } = dependencies
  const events = createEvents(logger.child({ agent: 'directory' }), metrics)
  const bans = new AddressBans(clock, dependencies.bans, (event) => events.ban(event))
  events.bansInForce(() => bans.list().length)
  let opened: Directory | undefined
  return {
    name: 'directory',
    bans,
    get directory() {
      if (opened === undefined) throw new Error('the directory is asked for before it was opened')
      return opened
    },
    start: async () => {
      const directory = await open()
      directory.hearRefusedProofs?.((proof) => events.proofRefused(proof))
      opened = observedDirectory(directory, events)
    },
    stop: () => opened?.close(),
  }
}
