import type { Component } from '@cartero/agent/lifecycle'
import type { Logger, MetricRegistry } from '@cartero/agent/telemetry'
import type { Directory } from '@cartero/directory'
import { createEvents } from './events.ts'
import { observedDirectory } from './observed-directory.ts'

export {
  addAccount,
  addAlias,
  addDomain,
  listAccounts,
  listAliases,
  listDomains,
  removeAccount,
  removeAlias,
  removeDomain,
  setPassword,
  type AccountEntry,
  type AliasEntry,
  type DomainEntry,
} from './admin.ts'

export interface DirectoryDependencies {
  /** Opens the store; called once, at the start. Rejects in words for the operator. */
  readonly open: () => Promise<Directory>
  readonly logger: Logger
  readonly metrics: MetricRegistry
}

/** The directory as a part of a process: open between start and stop, and telling what changes it. */
export interface DirectoryAgent extends Component {
  /** For the other agents of the process. Throws before the start. */
  readonly directory: Directory
}

/** Makes the agent. It is called in its own process for now; its service is not yet offered over gRPC. */
export function createDirectoryAgent({ open, logger, metrics }: DirectoryDependencies): DirectoryAgent {
  const events = createEvents(logger.child({ agent: 'directory' }), metrics)
  let opened: Directory | undefined
  return {
    name: 'directory',
    get directory() {
      if (opened === undefined) throw new Error('the directory is asked for before it was opened')
      return opened
    },
    start: async () => {
      opened = observedDirectory(await open(), events)
    },
    stop: () => opened?.close(),
  }
}
