import { createControlSocket, type ControlVerbs } from '@cartero/agent/admin'
import type { ListenAddress } from '@cartero/agent/config'
import type { Agent, Component, HealthReport } from '@cartero/agent/lifecycle'
import type { Logger, MetricRegistry } from '@cartero/agent/telemetry'
import { Terminals } from '@cartero/mda-agent/agent'
import { createDirectoryAgent, type DirectoryAgent } from '@cartero/directory-agent/agent'
import type { LocalSubmission } from '@cartero/msa-agent/agent'
import type { CustomerAgent } from '@cartero/odmr-agent/customer'
import { systemClock } from '@cartero/wire'

import { adminServers } from './admin-servers.ts'
import type { AdministrationStores } from './administration.ts'
import { agents } from './agents.ts'
import { banLimits } from './auth-settings.ts'
import type { CarteroConfig } from './config.ts'
import { controlOf } from './control.ts'
import { dataFolder, prepareDataFolder, type DataFolder } from './data-folder.ts'
import { checkDoors } from './doors.ts'
import { journeyRecord } from './journey.ts'
import { reclaimer } from './reclaimer.ts'
import { addressRules } from './relay-settings.ts'
import { openDirectory, Stores } from './stores.ts'
import { TlsIdentity } from './tls-identity.ts'
import { WayOut } from './way-out.ts'

export interface CompositionOptions {
  readonly config: CarteroConfig
  readonly logger: Logger
  readonly metrics: MetricRegistry
  /** How the whole is; asked by /readyz and by `cartero status`. */
  readonly health: () => Promise<HealthReport>
  /** What an operator does about a door that is taken. */
  readonly doorRemedy: string
  /** What the self-signed certificate is for, and whether one is fine. */
  readonly selfSigned: {
    readonly names: readonly string[]
    readonly addresses: readonly string[]
    readonly isFine: boolean
  }
  /** Done before anybody can log in: the accounts of a development system. */
  readonly prepare?: (stores: AdministrationStores) => Promise<void>
  /** Verbs of the control socket besides the administration's. */
  readonly verbs?: ControlVerbs
}

/** The one-process shape: what is there, and its certificate, for whoever runs it. */
export interface Composition {
  readonly agent: Agent
  readonly identity: TlsIdentity
  readonly stores: Stores
}

/**
 * All agents in one process over embedded storage. Order of the start: the data folder is claimed, then the doors are
 * tried, then the stores are opened, then the directory that the other agents are lent, and only then do agents listen.
 * /livez answers from early on, so that a long recovery is not taken for a hang.
 */
export function compose(composed: CompositionOptions): Composition {
  const data = dataFolder(composed.config.data)
  const journey = journeyRecord({ ...composed, data })
  const options = { ...composed, logger: journey.logger }
  const { config, health, doorRemedy, logger, metrics } = options
  const stores = storesIn(data, options)
  const wayOut = new WayOut({ config, data, stores })
  const directory = directoryAgent({ data, stores, wayOut }, options)
  const identity = identityIn(data, options)
  const terminals = new Terminals(systemClock)
  const made = agents({ ...options, stores, directory, wayOut, identity, terminals })
  const administered = (): AdministrationStores => ({
    directory: directory.directory,
    mailStore: stores.open.mailStore,
    bans: directory.bans,
  })
  const local = (): LocalSubmission | undefined => made.msa.made?.local
  const customer = (): CustomerAgent | undefined => made.customer.made
  const { journal } = journey
  const controlled = { config, stores, wayOut, terminals, administered, local, customer, journal, logger }
  const control = controlOf(controlled, { ...journey.verbs, ...options.verbs })
  const components: Component[] = [
    { name: 'data', start: () => prepareDataFolder(data) },
    createControlSocket({ path: data.controlSocket, ...control }),
    journey.component,
    checkDoors({ addresses: allDoors(config), remedy: doorRemedy }),
    ...adminServers(config.listen.http, metrics, health),
    identity,
    stores,
    wayOut,
    directory,
    { name: 'accounts', start: () => options.prepare?.(administered()) },
    ...made.components,
    reclaimer({ stores, every: config.spool.reclaimEvery, logger }),
  ]
  return { agent: { name: 'cartero', components }, identity, stores }
}

function storesIn(data: DataFolder, { config, logger }: CompositionOptions): Stores {
  return new Stores({
    data,
    keepDeadLetters: config.spool.keepDeadLetters,
    damaged: (damage) => logger.error('content.damaged', { ...damage }),
    trouble: (error) => logger.warn('spool.trouble', { err: error }),
  })
}

function directoryAgent(
  { data, stores, wayOut }: { readonly data: DataFolder; readonly stores: Stores; readonly wayOut: WayOut },
  { config, logger, metrics }: CompositionOptions,
): DirectoryAgent {
  const { subaddressSeparator } = config.directory
  return createDirectoryAgent({
    open: () => {
      const ruleFor = addressRules(wayOut.open.routes)
      return openDirectory({ sql: stores.open.sql, data }, { subaddressSeparator, ruleFor })
    },
    bans: banLimits(config),
    logger,
    metrics,
  })
}

function identityIn(data: DataFolder, { config, selfSigned }: CompositionOptions): TlsIdentity {
  return new TlsIdentity({
    ...config.tls,
    ...selfSigned,
    data,
    selfSignedIsFine: selfSigned.isFine,
    clientAuthorities: config.auth.clientAuthorities,
  })
}

/** Every address that is listened on. */
export function allDoors(config: CarteroConfig): ListenAddress[] {
  return Object.values(config.listen).flat()
}
