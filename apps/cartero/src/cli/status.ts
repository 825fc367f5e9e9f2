import { verbose } from '@cartero/agent/admin'
import type { Command } from 'commander'

import { EXIT } from './exit-code.ts'
import { print } from './output.ts'
import { statusOf, withSystemOptions, type SystemOptions } from './reach-system.ts'

export function registerStatus(program: Command): void {
  withSystemOptions(
    program.command('status').description('how the system is; fails when it is stopped or not ready'),
  ).action(status)
}

async function status(options: SystemOptions): Promise<void> {
  const report = await statusOf(options)
  if (report?.ready !== true) process.exitCode = EXIT.failure
  if (options.output === 'json')
    return print(JSON.stringify(report ?? { phase: 'stopped', ready: false }, undefined, 2))
  if (report === undefined) return print('stopped')
  const doors = Object.entries(report.listen).map(
    ([name, addresses]) => `    ${name} ${addresses.length === 0 ? 'closed' : addresses.join(', ')}`,
  )
  print(
    [
      `cartero ${report.version} on ${report.hostname}, pid ${report.pid}, up ${report.uptimeSeconds} s, ${report.waiting} messages on their way`,
      ...doors,
      verbose(report),
    ].join('\n'),
  )
}
