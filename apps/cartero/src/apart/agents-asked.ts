import { ControlError, type ControlVerbs } from '@cartero/agent/admin'
import { RpcChannel, RpcError, type ServiceOf } from '@cartero/bus/grpc'
import {
  ComponentHealth_Status as Health,
  ControlServiceDefinition,
  StatusResponse_Phase as Phase,
  type StatusResponse,
} from '@cartero/contracts/control'

import { AGENT_DRAIN, AGENT_LOG_LEVEL } from '../agent-verbs.ts'
import { AGENTS, type AgentName } from '../services-rules.ts'
import type { AgentStatus } from '../status.ts'
import { identified, type Ground } from './ground.ts'

/** Milliseconds for an agent to say how it is: whoever looks at all of them waits for the slowest. */
const PATIENCE = 3_000

const PHASES = new Map<number, string>(
  Object.entries(Phase).map(([name, value]) => [value as number, name.toLowerCase()]),
)

/** How all agents are whose place is configured, in the order of a message's way. One of several of a kind answers for them. */
export async function askAgents(ground: Ground): Promise<readonly AgentStatus[]> {
  const { services } = ground.config
  const asked = AGENTS.flatMap((agent) => {
    const address = agent === 'console' ? undefined : services[agent]
    return address === undefined ? [] : [askAgent(ground, agent, address)]
  })
  return Promise.all(asked)
}

async function askAgent(ground: Ground, agent: AgentName, address: string): Promise<AgentStatus> {
  try {
    return told(agent, address, await controlled(ground, address, (control) => control.Status({})))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { agent, address, ready: false, phase: 'unreachable', troubles: [reason] }
  }
}

/** Asks one agent of those that there are at an address. */
async function controlled<T>(
  ground: Ground,
  address: string,
  question: (control: ServiceOf<typeof ControlServiceDefinition>) => Promise<T>,
): Promise<T> {
  const channel = new RpcChannel({ address, deadline: PATIENCE, ...identified(ground) })
  try {
    return await question(channel.service(ControlServiceDefinition))
  } finally {
    channel.close()
  }
}

/** What an operator has other agents do. */
export function agentVerbs(ground: Ground): ControlVerbs {
  const at = (argument: unknown): { readonly address: string; readonly level: string } => {
    const { agent = '', level = '' } = (argument ?? {}) as {
      readonly agent?: string
      readonly level?: string
    }
    const address = isPeer(agent) ? ground.config.services[agent] : undefined
    if (address !== undefined) return { address, level }
    throw new ControlError('usage', `no place of '${agent}' is configured: set services.${agent}`)
  }
  return {
    [AGENT_DRAIN]: async (argument) => {
      const { address } = at(argument)
      await asked(controlled(ground, address, (control) => control.Drain({ reason: 'asked at the console' })))
    },
    [AGENT_LOG_LEVEL]: async (argument) => {
      const { address, level } = at(argument)
      return (await asked(controlled(ground, address, (control) => control.SetLogLevel({ level })))).previous
    },
  }
}

/** What the other side says is for the operator. */
async function asked<T>(question: Promise<T>): Promise<T> {
  try {
    return await question
  } catch (error) {
    if (error instanceof RpcError) throw new ControlError('failure', error.message, { cause: error })
    throw error
  }
}

function isPeer(agent: string): agent is Exclude<AgentName, 'console'> {
  return agent !== 'console' && AGENTS.some((name) => name === agent)
}

function told(
  agent: AgentName,
  address: string,
  { ready, phase, version, uptime, components }: StatusResponse,
): AgentStatus {
  const unwell = components.filter(({ status }) => status === Health.DEGRADED || status === Health.FAILING)
  return {
    agent,
    address,
    ready,
    phase: PHASES.get(phase) ?? 'unspecified',
    version,
    uptimeSeconds: Math.round(Number(uptime) / 1_000),
    troubles: unwell.map(({ name, detail, hint }) => `${name}: ${detail}${hint === '' ? '' : `; ${hint}`}`),
  }
}
