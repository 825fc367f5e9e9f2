import { hostname } from 'node:os'
import { join } from 'node:path'

import { createControlSocket } from '@cartero/agent/admin'
import { formatListenAddress } from '@cartero/agent/config'
import { controlOffer } from '@cartero/agent/control'
import { Lifecycle, runAgent, type Agent, type Component } from '@cartero/agent/lifecycle'
import {
  createLogger,
  MetricRegistry,
  registerProcessMetrics,
  type Logger,
  type RootLogger,
} from '@cartero/agent/telemetry'
import { journalled } from '@cartero/journey'
import { systemClock } from '@cartero/wire'

import { version } from '../cli/version.ts'
import { adminServers } from '../admin-servers.ts'
import type { CarteroConfig } from '../config.ts'
import { dataFolder, prepareDataFolder, type DataFolder } from '../data-folder.ts'
import { checkDoors } from '../doors.ts'
import { tellReadiness } from '../readiness.ts'
import type { AgentName } from '../services-rules.ts'
import { systemStatus, type SystemStatus } from '../status.ts'
import { readAgentIdentity } from './agent-identity.ts'
import { broker } from './broker.ts'
import { callers, type Ground } from './ground.ts'
import { instanceOf } from './instance.ts'
import { tellingJournal } from './journal.ts'
import { LateJournal } from './late-journal.ts'
import type { Common, Parts, Recipe } from './parts.ts'
import { answering } from './rpc.ts'

/** What each agent uses is loaded with it, and nothing else. */
const RECIPES: Readonly<Record<AgentName, () => Promise<Recipe>>> = {
  directory: async () => (await import('./directory.ts')).directoryParts,
  mx: async () => (await import('./mx.ts')).mxParts,
  msa: async () => (await import('./msa.ts')).msaParts,
  mta: async () => (await import('./mta.ts')).mtaParts,
  mda: async () => (await import('./mda.ts')).mdaParts,
  imap: async () => (await import('./imap.ts')).imapParts,
  odmr: async () => (await import('./odmr.ts')).odmrParts,
  console: async () => (await import('./console.ts')).consoleParts,
}

export interface ApartRun {
  readonly agent: AgentName
  readonly config: CarteroConfig
  /** What an operator does about a door that is taken. */
  readonly doorRemedy: string
  /** Told when it serves, with the milliseconds since the process was started. */
  readonly ready: (milliseconds: number, logger: RootLogger) => void
}

/** Runs one agent as a process of its own until it is told to end. Rejects with OperatorError for what must be there first. */
export async function runApart(run: ApartRun): Promise<void> {
  const { agent, config, ready } = run
  const recipe = await RECIPES[agent]()
  const name = `${agent} ${hostname()} ${process.pid}`
  using logger = createLogger({ ...config.log, descriptor: 1, base: { service: 'cartero', process: name } })
  const late = new LateJournal()
  const ground = groundOf(run, { name, logger: journalled(logger, late, systemClock) })
  const health = (): ReturnType<Lifecycle['health']> => lifecycle.health()
  const composed = compose(ground, recipe, { run, late, health, control: () => control })
  const options = { log: logger, drainDeadline: config.drain, begun: performance.timeOrigin }
  const lifecycle = new Lifecycle(composed.agent, options)
  const asked = { agent, version: version(), lifecycle, log: logger }
  const control = controlOffer({ ...asked, ...callers(ground, ['console']) })
  tellReadiness(ground.metrics, lifecycle)
  const reload = (): void => reloadIn(composed.parts, logger)
  process.on('SIGHUP', reload)
  await runAgent(composed.agent, { ...options, lifecycle, onReady: () => ready(performance.now(), logger) })
  process.off('SIGHUP', reload)
}

function groundOf(
  { agent, config }: ApartRun,
  { name, logger }: { readonly name: string; readonly logger: Logger },
): Ground {
  const data = folderOf(agent, config)
  prepareDataFolder(data)
  const metrics = new MetricRegistry()
  registerProcessMetrics(metrics)
  return {
    agent,
    process: name,
    owner: `${agent} ${instanceOf(data)}`,
    config,
    data,
    identity: readAgentIdentity(config, agent),
    logger,
    metrics,
  }
}

/** The console's is that of the system, where the command line looks; the others have theirs in it. */
function folderOf(agent: AgentName, { data }: CarteroConfig): DataFolder {
  return dataFolder(agent === 'console' ? data : join(data, agent))
}

interface Composing {
  readonly run: ApartRun
  readonly late: LateJournal
  readonly health: () => ReturnType<Lifecycle['health']>
  readonly control: () => ReturnType<typeof controlOffer>
}

/** /livez answers from early on, and /readyz says what is waited for. */
function compose(
  ground: Ground,
  recipe: Recipe,
  { run, late, health, control }: Composing,
): { readonly agent: Agent; readonly parts: Parts } {
  const { agent, config, data, metrics } = ground
  const bus = broker(ground)
  const common: Common = { bus, journal: late, doorRemedy: run.doorRemedy, health }
  const parts = recipe(ground, common)
  const verbs = { status: () => statusOf(ground, parts, health), ...parts.verbs }
  const components: Component[] = [
    createControlSocket({
      path: data.controlSocket,
      verbs,
      ...(parts.streams && { streams: parts.streams }),
      ...(parts.uploads && { uploads: parts.uploads }),
    }),
    checkDoors({ addresses: [...parts.doors, ...config.listen.http], remedy: run.doorRemedy }),
    ...adminServers(config.listen.http, metrics, health),
    bus,
    tellingJournal(ground, bus, late),
    ...parts.components,
    ...answering(ground, () => [...(parts.offers?.() ?? []), control()]),
  ]
  return { agent: { name: agent, components }, parts }
}

async function statusOf(
  { agent, config }: Ground,
  { doors, about }: Parts,
  health: Composing['health'],
): Promise<SystemStatus> {
  const own = new Set([...doors, ...config.listen.http].map(formatListenAddress))
  const status = await systemStatus(config, health, () => 0)
  const listen = Object.entries(status.listen).filter(([, addresses]) =>
    addresses.some((each) => own.has(each)),
  )
  const told = status.phase === 'ready' || status.phase === 'draining' ? await about?.() : undefined
  return { ...status, listen: Object.fromEntries(listen), agent, ...told }
}

function reloadIn({ identity }: Parts, logger: RootLogger): void {
  if (identity === undefined) return
  try {
    identity.reload()
    logger.info('tls.reloaded')
  } catch (error) {
    logger.error('tls.reload-failed', { err: error })
  }
}
