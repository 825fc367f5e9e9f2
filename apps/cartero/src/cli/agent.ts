import { Argument, type Command } from 'commander'

import { callControl } from '@cartero/agent/admin'
import { LOG_LEVELS } from '@cartero/agent/telemetry'

import { AGENT_DRAIN, AGENT_LOG_LEVEL } from '../agent-verbs.ts'
import { AGENTS } from '../services-rules.ts'
import { say } from './output.ts'
import { runningSystem, withSystem, type SystemSelection } from './reach-system.ts'

/** The console is where it is said. */
const OTHERS = AGENTS.filter((agent) => agent !== 'console')

export function registerAgent(program: Command): void {
  const agent = program
    .command('agent')
    .description('agents that are processes of their own, told what to do by the console')
  withSystem(agent.command('drain').description('have one finish what is at hand and end; of several, any'))
    .addArgument(new Argument('<agent>', 'which kind').choices(OTHERS))
    .action(drain)
  withSystem(agent.command('log').description('have one log more or less until it ends; of several, any'))
    .addArgument(new Argument('<agent>', 'which kind').choices(OTHERS))
    .addArgument(new Argument('<level>', 'the least important events that are told').choices(LOG_LEVELS))
    .action(log)
}

async function drain(agent: string, selection: SystemSelection): Promise<void> {
  const { controlSocket } = await runningSystem(selection)
  await callControl(controlSocket, AGENT_DRAIN, { agent })
  say(`${agent} leaves`)
}

async function log(agent: string, level: string, selection: SystemSelection): Promise<void> {
  const { controlSocket } = await runningSystem(selection)
  const previous = await callControl(controlSocket, AGENT_LOG_LEVEL, { agent, level })
  say(`${agent} logs at ${level} now, and did at ${String(previous)}`)
}
