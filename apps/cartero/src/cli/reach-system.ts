import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { callControl, ControlError } from '@cartero/agent/admin'
import { OperatorError } from '@cartero/agent/lifecycle'
import type { Command } from 'commander'

import type { AdministrationVerbs } from '../administration.ts'
import type { CarteroConfig } from '../config.ts'
import { dataFolder, requireDataFolder, type DataFolder } from '../data-folder.ts'
import { loadConfig } from '../load-config.ts'
import { AGENTS, isApart } from '../services-rules.ts'
import { MAINTENANCE, type SystemStatus } from '../status.ts'
import { say, withOutput, type OutputFormat } from './output.ts'

/** Which system is meant. */
export interface SystemSelection {
  readonly data?: string
  readonly config?: string
  /** Which one it is, is not said. */
  readonly isQuiet?: boolean
}

/** Options of every command that speaks to a system. */
export function withSystem(command: Command): Command {
  return command
    .option(
      '--data <dir>',
      'the data folder of the system (default: that of the configuration; without one, of ./cartero-data and ' +
        '/var/lib/cartero the one whose system runs, or else the first that exists)',
    )
    .option('--config <file>', 'the configuration of the system')
}

/** What every command is told that speaks to a system and prints what it hears. */
export type SystemOptions = SystemSelection & { readonly output: OutputFormat }

export function withSystemOptions(command: Command): Command {
  return withOutput(withSystem(command))
}

/** Where `cartero dev` keeps its data unless told otherwise. */
const DEV_DATA = 'cartero-data'

/** Asks one verb of the administration. Rejects with ControlError. */
export type Ask = <K extends keyof AdministrationVerbs>(
  verb: K,
  argument: Parameters<AdministrationVerbs[K]>[0],
) => ReturnType<AdministrationVerbs[K]>

/**
 * Asks the system whether it runs or not: a running one through its control socket, a stopped one by opening its stores
 * for the moment. A stopped one must have a data folder: a misspelt one is not made.
 */
export async function askSystem<T>(
  selection: SystemSelection,
  question: (ask: Ask) => Promise<T>,
): Promise<T> {
  return reachSystem(selection, {
    running: ({ controlSocket }) =>
      question(((verb, argument) => callControl(controlSocket, verb, argument)) as Ask),
    stopped: async (data, { directory }) => {
      const { administration } = await import('../administration.ts')
      const { openStoppedSystem } = await import('../stopped-system.ts')
      await using stores = await openStoppedSystem(data, directory)
      const verbs = administration(() => stores)
      return await question(((verb, argument) => verbs[verb](argument as never)) as Ask)
    },
  })
}

/** What is done with a system, by whether it runs. */
export interface Reached<T> {
  readonly running: (data: DataFolder) => Promise<T>
  readonly stopped: (data: DataFolder, config: CarteroConfig) => Promise<T>
}

/** A stopped system must have a data folder: a misspelt one is not made. Rejects with ControlError and OperatorError. */
export async function reachSystem<T>(selection: SystemSelection, reached: Reached<T>): Promise<T> {
  const { data, status, isBusy, config } = await findSystem(selection)
  if (status !== undefined) return reached.running(data)
  if (isApart(config)) throw deskIsAway()
  if (isBusy)
    throw new ControlError('failure', 'another command works on the queue of this stopped system; try again')
  requireDataFolder(data)
  return reached.stopped(data, config)
}

/** What the running system says of itself, or undefined when it is stopped. */
export async function statusOf(selection: SystemSelection): Promise<SystemStatus | undefined> {
  return (await findSystem(selection)).status
}

/** Where the running system is. Rejects with ControlError when it is stopped. */
export async function runningSystem(selection: SystemSelection): Promise<DataFolder> {
  const { data, status, config } = await findSystem(selection)
  if (status === undefined && isApart(config)) throw deskIsAway()
  if (status === undefined)
    throw new ControlError(
      'unreachable',
      `the system in ${data.path} is stopped: start it with "cartero serve" or "cartero dev"`,
    )
  return data
}

interface PlacedSystem {
  readonly data: DataFolder
  /** Undefined when it is stopped. */
  readonly status: SystemStatus | undefined
  /** It is stopped, and another command works on its files. */
  readonly isBusy?: true
}

/**
 * The system that is meant, and says which: the one of the data folder that is named by flag, environment or
 * configuration; else, of the two default folders, the one whose system runs, or else the first that exists.
 */
async function findSystem(
  selection: SystemSelection,
): Promise<PlacedSystem & { readonly config: CarteroConfig }> {
  const { config, settings } = await loadConfig({
    file: selection.config,
    search: true,
    environment: process.env,
    ...(selection.data !== undefined && { flags: { data: { flag: '--data', value: selection.data } } }),
  })
  const isNamed = settings.some(({ key, source }) => key === 'data' && source !== 'default')
  const found = isApart(config)
    ? await agentIn(config.data)
    : await (isNamed ? systemIn(dataFolder(config.data)) : likeliest([DEV_DATA, config.data]))
  if (!selection.isQuiet)
    say(`(the system in ${found.data.path}, ${found.status === undefined ? 'stopped' : 'running'})`)
  return { ...found, config }
}

async function likeliest(folders: readonly string[]): Promise<PlacedSystem> {
  const candidates = folders.map(dataFolder)
  for (const candidate of candidates) {
    const system = await systemIn(candidate).catch(unlessAnotherUsers)
    if (system?.status !== undefined) return system
  }
  return systemIn(candidates.find(({ path }) => existsSync(path)) ?? (candidates.at(-1) as DataFolder))
}

/** Of agents that are processes of their own: the console, or else the one that runs here. */
async function agentIn(folder: string): Promise<PlacedSystem> {
  for (const place of ['', ...AGENTS]) {
    const system = await systemIn(dataFolder(join(folder, place)))
    if (system.status !== undefined) return system
  }
  return { data: dataFolder(folder), status: undefined }
}

/** Nothing of it is in files here. */
function deskIsAway(): ControlError {
  return new ControlError(
    'unreachable',
    'agents are processes of their own (services), and no console runs here: say it where "cartero run console" runs',
  )
}

/** Rejects with OperatorError when it belongs to another user. */
async function systemIn(data: DataFolder): Promise<PlacedSystem> {
  try {
    const status = (await callControl(data.controlSocket, 'status', null)) as
      | SystemStatus
      | typeof MAINTENANCE
    return status.phase === 'maintenance' ? { data, status: undefined, isBusy: true } : { data, status }
  } catch (error) {
    if (error instanceof ControlError && error.fault === 'unreachable') return { data, status: undefined }
    throw error
  }
}

/** A folder that nobody named and that is not ours is passed by. */
function unlessAnotherUsers(error: unknown): undefined {
  if (!(error instanceof OperatorError)) throw error
}
