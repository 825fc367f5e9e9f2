import type { Command } from 'commander'

import type { CarteroConfig } from '../config.ts'
import type { Comparison } from '../store-migration/compare.ts'
import type { StoreMigrationReport } from '../store-migration/migrate-store.ts'
import type { Direction } from '../store-migration/side.ts'
import { EXIT } from './exit-code.ts'
import { printJson, printRows, say, withOutput, type OutputFormat } from './output.ts'
import { CarriedLines } from './carried-lines.ts'

interface MigrateStoreOptions {
  readonly config?: string
  readonly data?: string
  readonly verifyOnly?: true
  readonly journey: boolean
  readonly output: OutputFormat
}

export function registerMigrateStore(program: Command): void {
  const noun = program
    .command('migrate-store')
    .description('carry all mail and accounts between the files of one process and the services of many')
  register(
    noun,
    'to-services',
    'from a data folder to the databases and the object store of the section services',
  )
  register(noun, 'to-embedded', 'from the section services to a data folder that is empty')
}

function register(noun: Command, direction: Direction, description: string): void {
  withOutput(
    noun
      .command(direction)
      .description(description)
      .option(
        '--config <file>',
        'the configuration (default: $CARTERO_CONFIG, ./cartero.yaml, /etc/cartero/cartero.yaml)',
      )
      .option('--data <dir>', 'the data folder; wins over the configuration')
      .option('--verify-only', 'carry nothing, compare both sides of what was carried, octet by octet')
      .option('--no-journey', 'leave out what happened to messages (trace)'),
  ).action((options: MigrateStoreOptions) => migrate(direction, options))
}

async function migrate(direction: Direction, options: MigrateStoreOptions): Promise<void> {
  const { loadConfig } = await import('../load-config.ts')
  const { needsDatabases } = await import('../apart/migration.ts')
  const { needsBroker } = await import('../services-rules.ts')
  const { inWords } = await import('../stores.ts')
  const { migrateStore } = await import('../store-migration/migrate-store.ts')
  const { config } = await loadConfig({
    file: options.config,
    search: true,
    environment: process.env,
    rules: [needsDatabases, needsBroker],
    ...(options.data !== undefined && { flags: { data: { flag: '--data', value: options.data } } }),
  })
  using lines = new CarriedLines()
  const report = await inWords(
    migrateStore({
      config,
      direction,
      isVerifyOnly: options.verifyOnly === true,
      withJourney: options.journey,
      watcher: lines,
    }),
  )
  lines.end()
  if (options.output === 'json') printJson(report)
  else printReport(report)
  for (const sentence of sentencesAfter(report, config)) say(sentence)
  if (!report.isSame) process.exitCode = EXIT.failure
}

function printReport({ compared, contents, octets, milliseconds }: StoreMigrationReport): void {
  printRows(compared, 'table', {
    STORE: ({ store }) => store,
    WHAT: ({ kind }) => kind,
    SOURCE: ({ source }) => String(source),
    TARGET: ({ target }) => String(target),
    DIGEST: ({ digest }) => digest.slice(0, 12),
    '': outcomeOf,
  })
  say(`${contents} contents, ${(octets / 1e6).toFixed(1)} MB, ${(milliseconds / 1_000).toFixed(1)} s`)
}

function outcomeOf({ isSame, difference }: Comparison): string {
  return isSame ? 'the same' : (difference ?? 'different')
}

/** What is left to do by hand. */
function sentencesAfter(
  { direction, isSame, secretKey }: StoreMigrationReport,
  { data, services }: CarteroConfig,
): readonly string[] {
  const keyFile = services.directoryKeyFile ?? `directory.key in the folder of the directory agent`
  if (!isSame)
    return [
      'the two sides differ: the source was used meanwhile, or something is damaged; nothing of the source was changed',
      'leave all agents ended and run this again; if it goes on to differ, begin anew with an empty target',
    ]
  const isToServices = direction === 'to-services'
  const sentences = ['both sides have the same; nothing of the source was changed or removed']
  if (isToServices && secretKey !== undefined)
    sentences.push(`copy ${secretKey} to ${keyFile}: passwords that can be read again are sealed with it`)
  if (!isToServices && secretKey === undefined)
    sentences.push(
      `if there are passwords that can be read again, copy ${keyFile} to ${data}/directory.key: they are sealed with it`,
    )
  sentences.push(
    isToServices
      ? `when you are sure, remove directory.sqlite*, mailstore.sqlite*, spool.sqlite*, content and journey in ${data}`
      : 'when you are sure, drop the schemas directory, mailstore, spool and journey in Postgres, and the bucket of the contents',
  )
  return sentences
}
