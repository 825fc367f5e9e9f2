import { Command, CommanderError } from 'commander'

import { registerAccount } from './account.ts'
import { registerAgent } from './agent.ts'
import { registerAlias } from './alias.ts'
import { registerBan } from './ban.ts'
import { registerConfig } from './config.ts'
import { registerDev } from './dev.ts'
import { registerDomain } from './domain.ts'
import { registerExplain } from './explain.ts'
import { EXIT, exitCodeOf, sentencesOf } from './exit-code.ts'
import { registerHealthcheck } from './healthcheck.ts'
import { registerIdentity } from './identity.ts'
import { registerMailq } from './mailq.ts'
import { registerMigrate } from './migrate.ts'
import { registerMigrateStore } from './migrate-store.ts'
import { registerOdmr } from './odmr.ts'
import { registerQueue } from './queue.ts'
import { heedReaders } from './readers.ts'
import { registerRun } from './run.ts'
import { registerSendmail, runSendmail } from './sendmail.ts'
import { registerServe } from './serve.ts'
import { registerStatus } from './status.ts'
import { registerTerminal } from './terminal.ts'
import { registerTrace } from './trace.ts'
import { registerVersion } from './version.ts'

/** All commands. Each file registers one noun; what a command needs is loaded when it runs. */
export function commandLine(): Command {
  const program = new Command('cartero')
    .description('A mail system made of composable agents.')
    .exitOverride()
    .showHelpAfterError('(add --help for what is possible)')
  const registrations = [
    registerDev,
    registerServe,
    registerRun,
    registerMigrate,
    registerMigrateStore,
    registerAgent,
    registerStatus,
    registerHealthcheck,
    registerConfig,
    registerDomain,
    registerAccount,
    registerAlias,
    registerBan,
    registerOdmr,
    registerQueue,
    registerExplain,
    registerMailq,
    registerSendmail,
    registerTerminal,
    registerTrace,
    registerIdentity,
    registerVersion,
  ]
  for (const register of registrations) register(program)
  return program
}

/** The command that a name of ours stands for, when we are called by it: `sendmail`, `cartero-mailq` and their like. */
export function commandNamed(path: string): readonly string[] {
  const name = path.replace(/^.*[/\\]/, '').replace(/^cartero-/, '')
  if (name === 'newaliases') return ['sendmail', '-bi']
  return name === 'sendmail' || name === 'mailq' ? [name] : []
}

/** Runs one command. Sets the exit code: 0 done, 1 failed, 2 asked wrongly, 3 not found; `sendmail` has its own. */
export async function runCommandLine(words: readonly string[]): Promise<void> {
  const [command, ...rest] = words
  heedReaders(command)
  if (command === 'sendmail' && !rest.includes('--help')) return runSendmail(rest)
  try {
    await commandLine().parseAsync([...words], { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage
      return
    }
    process.stderr.write(sentencesOf(error))
    process.exitCode = exitCodeOf(error)
  }
}
