import type { Command } from 'commander'

import { EXIT } from './exit-code.ts'
import { say } from './output.ts'
import { statusOf, withSystem, type SystemSelection } from './reach-system.ts'

export function registerHealthcheck(program: Command): void {
  withSystem(
    program.command('healthcheck').description('exit 0 when the system serves, 1 otherwise; for containers'),
  ).action(healthcheck)
}

async function healthcheck(selection: SystemSelection): Promise<void> {
  const report = await statusOf(selection)
  if (report?.ready === true) return
  process.exitCode = EXIT.failure
  if (report !== undefined) say(`not ready: ${report.phase}`)
}
