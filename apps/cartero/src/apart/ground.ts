import type { AgentIdentity, Callers } from '@cartero/bus/grpc'
import type { Logger, MetricRegistry } from '@cartero/agent/telemetry'

import type { CarteroConfig } from '../config.ts'
import type { DataFolder } from '../data-folder.ts'
import type { AgentName } from '../services-rules.ts'
import { Service, type ServiceOptions } from './service.ts'

/** What every agent stands on that is a process of its own. */
export interface Ground {
  readonly agent: AgentName
  /** What it is called in lists of connections. */
  readonly process: string
  /** Its name as an owner of leases: nobody else has it who runs, and it has it again in its next life. */
  readonly owner: string
  readonly config: CarteroConfig
  readonly data: DataFolder
  /** Who it is among the others; undefined where all of them are on this machine. */
  readonly identity: AgentIdentity | undefined
  /** What is told of messages goes to the journey, too. */
  readonly logger: Logger
  readonly metrics: MetricRegistry
}

/** Something that is waited for, for as long as the configuration says. */
export function service<T>(
  { config, logger }: Ground,
  options: Omit<ServiceOptions<T>, 'patience' | 'logger'>,
): Service<T> {
  return new Service({ ...options, patience: config.services.patience, logger })
}

/** For options that take an identity when there is one. */
export function identified({ identity }: Ground): { readonly identity?: AgentIdentity } {
  return { ...(identity !== undefined && { identity }) }
}

/** Who may ask, where agents prove who they are: their certificates bear their names. */
export function callers<Who extends Callers>({ identity }: Ground, who: Who): { readonly callers?: Who } {
  return identity === undefined ? {} : { callers: who }
}
