import type { Command } from 'commander'

import type { StoreMigration } from '../apart/migration.ts'
import { EXIT } from './exit-code.ts'
import { printRows, withOutput, type OutputFormat } from './output.ts'

interface MigrateOptions {
  readonly config?: string
  readonly check?: true
  readonly output: OutputFormat
}

export function registerMigrate(program: Command): void {
  withOutput(
    program
      .command('migrate')
      .description('bring the databases in Postgres to this version; agents refuse to start on older ones')
      .option(
        '--config <file>',
        'the configuration (default: $CARTERO_CONFIG, ./cartero.yaml, /etc/cartero/cartero.yaml)',
      )
      .option('--check', 'only tell, and exit 1 when something is to be done'),
  ).action(migrate)
}

async function migrate({ config: file, check, output }: MigrateOptions): Promise<void> {
  const { loadConfig } = await import('../load-config.ts')
  const { migrateStores, needsDatabases } = await import('../apart/migration.ts')
  const { config } = await loadConfig({
    file,
    search: true,
    environment: process.env,
    rules: [needsDatabases],
  })
  const migrated = await migrateStores(config, { isOnlyTold: check === true })
  printRows(migrated, output, {
    STORE: ({ store }) => store,
    FROM: ({ from }) => String(from),
    TO: ({ to }) => String(to),
    '': wordsFor,
  })
  if (migrated.some(isWrong)) process.exitCode = EXIT.failure
}

/** Something is to be done, or cannot be. */
function isWrong({ outcome }: StoreMigration): boolean {
  return outcome === 'due' || outcome === 'newer' || outcome === 'failed'
}

function wordsFor({ outcome, reason }: StoreMigration): string {
  switch (outcome) {
    case 'done':
      return 'migrated'
    case 'current':
      return 'nothing to do'
    case 'due':
      return 'run "cartero migrate"'
    case 'newer':
      return 'the database is newer than this program'
    case 'failed':
      return reason ?? 'failed'
  }
}
