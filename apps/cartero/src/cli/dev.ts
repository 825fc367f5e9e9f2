import { relative } from 'node:path'

import type { Command } from 'commander'

import type { LoadedConfig } from '../load-config.ts'
import { isLoopback } from '../loopback.ts'
import { UsageError } from './exit-code.ts'
import { print } from './output.ts'

/** Well-known ports of the doors; each stands at the port base plus its own. */
const WELL_KNOWN = {
  mx: 25,
  submission: 587,
  submissions: 465,
  imap: 143,
  imaps: 993,
  odmr: 366,
  // None is known for it.
  odmrs: 367,
  http: 80,
} as const
/** The highest base at which all doors have a port. */
const HIGHEST_BASE = 65_535 - Math.max(...Object.values(WELL_KNOWN))

const LOOPBACK = '127.0.0.1'

interface DevOptions {
  readonly data?: string
  readonly portBase?: string
  readonly listen?: string
  readonly config?: string
}

export function registerDev(program: Command): void {
  program
    .command('dev')
    .description(
      'run everything for trying out and developing: two accounts, a customer, own ports, nothing to set up',
    )
    .option('--data <dir>', 'the folder of all that is kept (default: ./cartero-data)')
    .option('--port-base <n>', 'added to the well-known ports: 25 is 2025 (default: 2000)')
    .option('--listen <address>', 'the address to listen on (default: 127.0.0.1)')
    .option('--config <file>', 'a configuration for what differs')
    .action(dev)
}

async function dev(options: DevOptions): Promise<void> {
  const base = portBase(options.portBase ?? '2000')
  const { dataFolder } = await import('../data-folder.ts')
  const { provideDevAccounts, DEV_DOMAIN } = await import('../dev-accounts.ts')
  const { closingBlock } = await import('../closing-block.ts')
  const { runSystem } = await import('../run.ts')
  const { config } = await devConfig(options, base, `mail.${DEV_DOMAIN}`)
  const { listen, relay } = config
  const files = dataFolder(config.data)
  const commands = {
    listing: commandFor('queue list', options),
    customers: commandFor('odmr list', options),
  }
  let accounts: Awaited<ReturnType<typeof provideDevAccounts>> = { accounts: [], odmr: [], added: [] }
  await runSystem({
    config,
    logTo: 2,
    doorRemedy: `stop the other program, or move all ports with --port-base N (it is ${base} now)`,
    selfSigned: {
      names: ['localhost', `mail.${DEV_DOMAIN}`, DEV_DOMAIN],
      addresses: ['127.0.0.1', '::1'],
      isFine: true,
    },
    prepare: async (stores) => {
      accounts = await provideDevAccounts(files.credentials, stores)
    },
    ready: (milliseconds) =>
      print(closingBlock({ ...accounts, listen, relay: relay.mode, commands, files, milliseconds })),
  })
}

/** How whoever started this says something to it: by npm, or with the program that he named. */
function commandFor(command: string, { data, config }: DevOptions): readonly string[] {
  const isByNpm = process.env['npm_lifecycle_event'] !== undefined
  const program = isByNpm
    ? ['npm', 'run', '-s', 'cartero', '--']
    : [process.argv0, relative(process.cwd(), process.argv[1] ?? '')]
  return [
    ...program,
    ...command.split(' '),
    ...(data === undefined ? [] : ['--data', data]),
    ...(config === undefined ? [] : ['--config', config]),
  ]
}

async function devConfig(options: DevOptions, base: number, hostname: string): Promise<LoadedConfig> {
  const { loadConfig } = await import('../load-config.ts')
  const { isWhole } = await import('../services-rules.ts')
  const doors = doorsAt(options.listen ?? LOOPBACK, base)
  return loadConfig({
    file: options.config,
    search: false,
    environment: process.env,
    rules: [isWhole],
    flags: flagsOf(options, doors),
    defaults: {
      data: 'cartero-data',
      hostname,
      ...doors,
      // What is tried out here reaches nobody.
      'relay.mode': 'hold',
      // Clients that know no TLS can be tried where nobody else listens.
      'odmr.clearCramMd5': isLoopback(options.listen ?? LOOPBACK),
      // Load generators are welcome here.
      'smtp.submission.recipientsPerHour': 1_000_000_000,
      'smtp.submission.recipientsAtOnce': 1_000_000_000,
    },
  })
}

/** Explicit flags win over the file; the same values as defaults give way to it. */
function flagsOf(
  options: DevOptions,
  doors: Readonly<Record<string, readonly string[]>>,
): Record<string, { readonly flag: string; readonly value: unknown }> {
  const flags: Record<string, { flag: string; value: unknown }> = {}
  if (options.data !== undefined) flags['data'] = { flag: '--data', value: options.data }
  if (options.portBase === undefined && options.listen === undefined) return flags
  const flag = options.listen === undefined ? '--port-base' : '--listen'
  for (const [key, value] of Object.entries(doors)) flags[key] = { flag, value }
  return flags
}

function doorsAt(address: string, base: number): Record<string, readonly string[]> {
  const host = address.includes(':') ? `[${address}]` : address
  return Object.fromEntries(
    Object.entries(WELL_KNOWN).map(([door, port]) => [`listen.${door}`, [`${host}:${base + port}`]]),
  )
}

function portBase(text: string): number {
  const base = Number(text)
  if (/^\d+$/.test(text) && base <= HIGHEST_BASE) return base
  throw new UsageError(`--port-base takes a whole number from 0 to ${HIGHEST_BASE}, not '${text}'`)
}
