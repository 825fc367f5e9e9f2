import { RpcChannel } from '@cartero/bus/grpc'
import {
  ComponentHealth_Status as Health,
  ControlServiceDefinition,
  StatusResponse_Phase as Phase,
  type StatusResponse,
} from '@cartero/contracts/control'

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
  const channel = new RpcChannel({ address, deadline: PATIENCE, ...identified(ground) })
  try {
    return told(agent, address, await channel.service(ControlServiceDefinition).Status({}))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { agent, address, ready: false, phase: 'unreachable', troubles: [reason] }
  } finally {
    channel.close()
  }
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
