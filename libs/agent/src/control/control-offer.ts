import { RpcError, type Offer } from '@cartero/bus/grpc'
import {
  ComponentHealth_Status as Status,
  ControlServiceDefinition,
  StatusResponse_Phase as Phase,
  type ComponentHealth,
  type ControlService,
  type DrainRequest,
  type DrainResponse,
  type SetLogLevelRequest,
  type SetLogLevelResponse,
  type StatusResponse,
} from '@cartero/contracts/control'
import { systemClock, type Clock } from '@cartero/wire'

import type { Activities, Health, HealthReport, Lifecycle, Phase as PhaseName } from '../lifecycle/index.ts'
import { LOG_LEVELS, type RootLogger } from '../telemetry/index.ts'

/** Activities that are told by name: enough to see what a drain waits for. */
const MOST_ACTIVITIES = 100

export interface ControlOfferOptions {
  /** What kind of agent it is: `mta`. */
  readonly agent: string
  readonly version: string
  readonly lifecycle: Pick<Lifecycle, 'health' | 'shutdown'>
  /** What a drain waits for. */
  readonly activities?: Pick<Activities, 'count' | 'describe'>
  readonly log: Pick<RootLogger, 'level' | 'setLevel' | 'info'>
  readonly clock?: Clock
  /** Agents that may ask, by the common names of their certificates; all of ours when absent. */
  readonly callers?: readonly string[]
}

/** Status, drain and log level of this process. The uptime is counted from this call on. */
export function controlOffer(options: ControlOfferOptions): Offer {
  const { callers } = options
  return {
    definition: ControlServiceDefinition,
    implementation: new Control(options),
    ...(callers && { callers }),
  }
}

const PHASES: Readonly<Record<PhaseName, Phase>> = {
  new: Phase.NEW,
  starting: Phase.STARTING,
  ready: Phase.READY,
  draining: Phase.DRAINING,
  stopping: Phase.STOPPING,
  stopped: Phase.STOPPED,
}

class Control implements ControlService {
  readonly #on: ControlOfferOptions
  readonly #clock: Clock
  readonly #begun: number

  constructor(options: ControlOfferOptions) {
    this.#on = options
    this.#clock = options.clock ?? systemClock
    this.#begun = this.#clock.elapsed()
  }

  async Status(): Promise<StatusResponse> {
    const { agent, version, lifecycle, activities, log } = this.#on
    const { phase, ready, checks } = await lifecycle.health()
    return {
      agent,
      version,
      phase: PHASES[phase],
      ready,
      uptime: BigInt(Math.round(this.#clock.elapsed() - this.#begun)),
      components: checks.map(componentOf),
      activities: activities?.describe().slice(0, MOST_ACTIVITIES) ?? [],
      inFlight: BigInt(activities?.count ?? 0),
      logLevel: log.level,
    }
  }

  async Drain({ reason }: DrainRequest): Promise<DrainResponse> {
    // Not awaited: this answer is one of the things that the drain waits for.
    void this.#on.lifecycle.shutdown(reason === '' ? 'asked by an operator' : reason)
    return {}
  }

  async SetLogLevel({ level }: SetLogLevelRequest): Promise<SetLogLevelResponse> {
    const known = LOG_LEVELS.find((name) => name === level)
    if (known === undefined)
      throw new RpcError('INVALID_ARGUMENT', `'${level}' is no level of the log: ${LOG_LEVELS.join(', ')}`)
    const { log } = this.#on
    const previous = log.level
    log.setLevel(known)
    log.info('log.level-changed', { from: previous, to: known })
    return { previous }
  }
}

function componentOf({ name, health }: HealthReport['checks'][number]): ComponentHealth {
  return { name, ...wordsOf(health) }
}

function wordsOf(health: Health): Omit<ComponentHealth, 'name'> {
  if (health.status === 'ok') return { status: Status.OK, detail: health.detail ?? '', hint: '' }
  const { reason, hint } = health
  return { status: health.status === 'failing' ? Status.FAILING : Status.DEGRADED, detail: reason, hint }
}
