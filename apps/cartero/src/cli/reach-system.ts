import { existsSync } from 'node:fs'

import { callControl, ControlError } from '@cartero/agent/admin'
import type { Command } from 'commander'

import type { AdministrationVerbs } from '../administration.ts'
import { dataFolder, prepareDataFolder, type DataFolder } from '../data-folder.ts'
import { loadConfig } from '../load-config.ts'
import type { SystemStatus } from '../status.ts'
import { say } from './output.ts'

/** Which system is meant. */
export interface SystemSelection {
  readonly data?: string
  readonly config?: string
}

/** Options of every command that speaks to a system. */
export function withSystem(command: Command): Command {
  return command
    .option(
      '--data <dir>',
      'the data folder of the system (default: that of the configuration, or ./cartero-data)',
    )
    .option('--config <file>', 'the configuration of the system')
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
 * for the moment.
 */
export async function askSystem<T>(
  selection: SystemSelection,
  question: (ask: Ask) => Promise<T>,
): Promise<T> {
  const { data, subaddressSeparator } = await findSystem(selection)
  if (await isRunning(data)) {
    return question(((verb, argument) => callControl(data.controlSocket, verb, argument)) as Ask)
  }
  prepareDataFolder(data)
  const { administration } = await import('../administration.ts')
  const { openStoppedSystem } = await import('../stopped-system.ts')
  await using stores = await openStoppedSystem(data, subaddressSeparator)
  const verbs = administration(() => stores)
  return await question(((verb, argument) => verbs[verb](argument as never)) as Ask)
}

/** What the running system says of itself, or undefined when it is stopped. */
export async function statusOf(selection: SystemSelection): Promise<SystemStatus | undefined> {
  const { data } = await findSystem(selection)
  return unlessUnreachable(callControl(data.controlSocket, 'status', null) as Promise<SystemStatus>)
}

/**
 * The data folder that is meant: the one that is named by flag, environment or configuration; else, of the two defaults,
 * the one whose system runs, or else the one that exists.
 */
async function findSystem(
  selection: SystemSelection,
): Promise<{ data: DataFolder; subaddressSeparator: string }> {
  const { config, settings } = await loadConfig({
    file: selection.config,
    search: true,
    environment: process.env,
    ...(selection.data !== undefined && { flags: { data: { flag: '--data', value: selection.data } } }),
  })
  const { subaddressSeparator } = config.directory
  const isNamed = settings.some(({ key, source }) => key === 'data' && source !== 'default')
  const data = isNamed ? dataFolder(config.data) : await likeliest([DEV_DATA, config.data])
  if (!isNamed) say(`(the system in ${data.path})`)
  return { data, subaddressSeparator }
}

async function likeliest(folders: readonly string[]): Promise<DataFolder> {
  const candidates = folders.map(dataFolder)
  for (const candidate of candidates) if (await isRunning(candidate)) return candidate
  return candidates.find(({ path }) => existsSync(path)) ?? (candidates.at(-1) as DataFolder)
}

async function isRunning(data: DataFolder): Promise<boolean> {
  if (!existsSync(data.controlSocket)) return false
  return (await unlessUnreachable(callControl(data.controlSocket, 'status', null))) !== undefined
}

async function unlessUnreachable<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    if (error instanceof ControlError && error.fault === 'unreachable') return undefined
    throw error
  }
}
