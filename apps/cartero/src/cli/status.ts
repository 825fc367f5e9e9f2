import { verbose } from '@cartero/agent/admin'
import type { Command } from 'commander'

import type { AgentStatus, SystemStatus } from '../status.ts'
import { EXIT } from './exit-code.ts'
import { plain, print } from './output.ts'
import { statusOf, withSystemOptions, type SystemOptions } from './reach-system.ts'

export function registerStatus(program: Command): void {
  withSystemOptions(
    program
      .command('status')
      .description('how the system is; fails when it, or one of its agents, is stopped or not ready'),
  ).action(status)
}

async function status(options: SystemOptions): Promise<void> {
  const report = await statusOf(options)
  if (!isAllReady(report)) process.exitCode = EXIT.failure
  if (options.output === 'json')
    return print(JSON.stringify(report ?? { phase: 'stopped', ready: false }, undefined, 2))
  if (report === undefined) return print('stopped')
  const doors = Object.entries(report.listen).map(
    ([name, addresses]) => `    ${name} ${addresses.length === 0 ? 'closed' : addresses.join(', ')}`,
  )
  const which = report.agent === undefined ? 'cartero' : `cartero ${report.agent}`
  print(
    [
      `${which} ${report.version} on ${report.hostname}, pid ${report.pid}, up ${report.uptimeSeconds} s, ${report.waiting ?? 'nobody knows how many'} messages on their way`,
      ...doors,
      verbose(report),
      ...(report.agents ?? []).map(agentLines),
    ].join('\n'),
  )
}

/** Of agents apart, the console knows how the others are. */
function isAllReady(report: SystemStatus | undefined): boolean {
  return report?.ready === true && (report.agents ?? []).every(({ ready }) => ready)
}

/** An agent in another process, and what is not well with it. */
function agentLines({
  agent,
  address,
  phase,
  ready,
  version,
  uptimeSeconds = 0,
  troubles,
}: AgentStatus): string {
  const mark = ready ? (troubles.length === 0 ? '[+]' : '[!]') : '[-]'
  const how = version === undefined ? phase : `${phase}, ${version}, up ${uptimeSeconds} s`
  return [
    `${mark} ${agent} at ${address}: ${how}`,
    ...troubles.map((trouble) => `    ${plain(trouble)}`),
  ].join('\n')
}
