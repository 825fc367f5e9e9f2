import { formatListenAddress } from '@cartero/agent/config'
import type { HealthReport } from '@cartero/agent/lifecycle'

import { version } from './cli/version.ts'
import type { CarteroConfig } from './config.ts'

/** What is said instead of it by a command that works on the files of a stopped system. */
export const MAINTENANCE = { phase: 'maintenance' } as const

/** What `cartero status` shows of a running system. */
export interface SystemStatus extends HealthReport {
  readonly version: string
  readonly pid: number
  readonly hostname: string
  readonly uptimeSeconds: number
  /** Messages accepted and not yet done; absent while nobody can say. */
  readonly waiting?: number | undefined
  /** Addresses by door. */
  readonly listen: Readonly<Record<string, readonly string[]>>
  /** Of agents that are processes of their own: which one it is. */
  readonly agent?: string
  /** How the others are; the console knows. */
  readonly agents?: readonly AgentStatus[]
}

/** How an agent is that is a process of its own. */
export interface AgentStatus {
  readonly agent: string
  /** `host:port` */
  readonly address: string
  readonly ready: boolean
  /** `unreachable` when nobody answers. */
  readonly phase: string
  readonly version?: string
  readonly uptimeSeconds?: number
  /** What is not well, with what mends it. */
  readonly troubles: readonly string[]
}

export async function systemStatus(
  config: CarteroConfig,
  health: () => Promise<HealthReport>,
  waiting: () => number | Promise<number>,
): Promise<SystemStatus> {
  const report = await health()
  const doors = Object.entries(config.listen).map(([name, addresses]) => [
    name,
    addresses.map(formatListenAddress),
  ])
  return {
    ...report,
    version: version(),
    pid: process.pid,
    hostname: config.hostname,
    uptimeSeconds: Math.round(process.uptime()),
    // Asked while it starts or ends, the spool may not be open.
    waiting: report.phase === 'ready' || report.phase === 'draining' ? await waiting() : 0,
    listen: Object.fromEntries(doors) as SystemStatus['listen'],
  }
}
