import { systemClock, type Clock } from '@cartero/wire'

import type { Activities } from './activity.ts'
import type { Agent, Component, Health } from './component.ts'
import { startInOrder, stopInReverse } from './group.ts'

/** Milliseconds that a drain may take. Longer than an SMTP DATA phase usually needs, shorter than `docker stop` users will bear. */
export const DRAIN_DEADLINE = 30_000
/** Milliseconds for components to hand back what they hold, once the drain was cut. */
export const CUT_GRACE = 2_000
/** Milliseconds for one component to let go; a hanging disk must not keep the process for ever. */
export const STOP_DEADLINE = 10_000
/** Milliseconds for one component to answer how it is. */
export const HEALTH_DEADLINE = 1_000

export type Phase = 'new' | 'starting' | 'ready' | 'draining' | 'stopping' | 'stopped'

/** What a lifecycle has to tell; the names are events of the log. */
export interface LifecycleLog {
  info(event: string, fields?: Readonly<Record<string, unknown>>): void
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void
  error(event: string, fields?: Readonly<Record<string, unknown>>): void
}

export interface LifecycleOptions {
  readonly clock?: Clock
  readonly log?: LifecycleLog
  /** Milliseconds; DRAIN_DEADLINE when absent. */
  readonly drainDeadline?: number
  /** Work that the drain waits for, besides the components' own. */
  readonly activities?: Activities
  /** When the process began, by the clock; the start is told to have taken that long. When start() was called, when absent. */
  readonly begun?: number
}

export interface HealthReport {
  readonly phase: Phase
  /** Serving: the phase is `ready` and no component is failing. */
  readonly ready: boolean
  readonly checks: readonly { readonly name: string; readonly health: Health }[]
}

const FINE: Health = { status: 'ok' }
const NO_ANSWER: Health = {
  status: 'failing',
  reason: `no answer within ${HEALTH_DEADLINE} ms`,
  hint: 'the process is overloaded or its disk hangs',
}
const SILENT: LifecycleLog = { info() {}, warn() {}, error() {} }

/**
 * The life of an agent: new → starting → ready → draining → stopping → stopped.
 *
 * Guarantee: every component whose start was fulfilled is stopped exactly once, in reverse order, whatever happens.
 */
export class Lifecycle implements AsyncDisposable {
  readonly #agent: Agent
  readonly #clock: Clock
  readonly #log: LifecycleLog
  readonly #drainDeadline: number
  readonly #activities: Activities | undefined
  readonly #begun: number | undefined
  readonly #startAborted = new AbortController()
  readonly #hurry = new AbortController()
  readonly #over = Promise.withResolvers<readonly Error[]>()
  #phase: Phase = 'new'
  #starting: Promise<void> | undefined
  #shutdown: Promise<readonly Error[]> | undefined

  constructor(agent: Agent, options: LifecycleOptions = {}) {
    this.#agent = agent
    this.#clock = options.clock ?? systemClock
    this.#log = options.log ?? SILENT
    this.#drainDeadline = options.drainDeadline ?? DRAIN_DEADLINE
    this.#activities = options.activities
    this.#begun = options.begun
  }

  get phase(): Phase {
    return this.#phase
  }

  /** Whether shutdown was asked for; a start that fails afterwards was given up, and did not fail. */
  get endRequested(): boolean {
    return this.#shutdown !== undefined
  }

  /** Starts all components in order. Rejects with StartError; then everything is closed again. */
  start(): Promise<void> {
    this.#starting ??= this.#start()
    return this.#starting
  }

  /**
   * Drains, then stops; during a start, the start is given up. Returns what went wrong while stopping.
   * Further calls share the first one's result.
   */
  shutdown(reason: string = 'asked'): Promise<readonly Error[]> {
    if (this.#shutdown === undefined) {
      this.#shutdown = this.#end(reason)
      this.#over.resolve(this.#shutdown)
    }
    return this.#shutdown
  }

  /** Fulfilled at the end of a shutdown, whoever asked for it, with what went wrong. */
  get over(): Promise<readonly Error[]> {
    return this.#over.promise
  }

  /** Ends the drain now: what may be cut is cut. The log says why. */
  hurry(because: string = 'asked'): void {
    this.#hurry.abort(new Error(because))
  }

  /** How everything is. A component that does not answer in time is failing. */
  async health(): Promise<HealthReport> {
    const checks = await Promise.all(
      this.#agent.components.map(async (component) => ({
        name: component.name,
        health: await this.#healthOf(component),
      })),
    )
    const failing = checks.some(({ health }) => health.status === 'failing')
    return { phase: this.#phase, ready: this.#phase === 'ready' && !failing, checks }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown('disposed')
  }

  async #start(): Promise<void> {
    this.#phase = 'starting'
    const begun = this.#begun ?? this.#clock.now()
    try {
      await startInOrder(this.#agent.components, this.#startAborted.signal)
    } catch (error) {
      this.#phase = 'stopped'
      throw error
    }
    this.#phase = 'ready'
    const milliseconds = Math.round(this.#clock.now() - begun)
    this.#log.info('agent.ready', { agent: this.#agent.name, milliseconds })
  }

  async #end(reason: string): Promise<readonly Error[]> {
    this.#startAborted.abort(new Error(`told to end (${reason})`))
    // A start that fails has been reported by start(), and has cleaned up after itself.
    const started = await this.#starting?.then(
      () => true,
      () => false,
    )
    if (started !== true) {
      this.#phase = 'stopped'
      return []
    }
    await this.#drain(reason)
    this.#phase = 'stopping'
    const failures = await stopInReverse(this.#agent.components.map((component) => this.#inTime(component)))
    for (const failure of failures) this.#log.error('agent.stop-failed', { err: failure })
    this.#phase = 'stopped'
    this.#log.info('agent.stopped', { agent: this.#agent.name })
    return failures
  }

  async #drain(reason: string): Promise<void> {
    this.#phase = 'draining'
    const deadlineSeconds = this.#drainDeadline / 1_000
    this.#log.info('agent.draining', { agent: this.#agent.name, reason, deadlineSeconds })
    const waitingFor = new Set<string>()
    const components = Promise.all(
      this.#agent.components.map((component) => this.#drainOne(component, waitingFor)),
    )
    const cancelDeadline = this.#clock.after(this.#drainDeadline, () => {
      this.#hurry.abort(new Error(`the drain took longer than ${this.#drainDeadline / 1_000} s`))
    })
    const drained = Promise.all([components, this.#activities?.idle()])
    const inTime = await Promise.race([
      drained.then(() => true),
      aborted(this.#hurry.signal).then(() => false),
    ])
    cancelDeadline()
    if (inTime) return
    this.#log.warn('agent.drain-cut', {
      because: (this.#hurry.signal.reason as Error).message,
      components: [...waitingFor],
      activities: this.#activities?.describe() ?? [],
    })
    await this.#atMost(CUT_GRACE, components, undefined)
  }

  async #drainOne(component: Component, waitingFor: Set<string>): Promise<void> {
    waitingFor.add(component.name)
    try {
      await component.drain?.(this.#hurry.signal)
    } catch (error) {
      this.#log.error('agent.drain-failed', { component: component.name, err: error })
    }
    waitingFor.delete(component.name)
  }

  /** The component's stop, given up when it takes too long. */
  #inTime(component: Component): Component {
    const late = new Error(`still not stopped after ${STOP_DEADLINE} ms`)
    return {
      name: component.name,
      stop: async () => {
        const outcome = await this.#atMost(STOP_DEADLINE, Promise.resolve(component.stop?.()), late)
        if (outcome === late) throw late
      },
    }
  }

  async #healthOf(component: Component): Promise<Health> {
    try {
      return await this.#atMost(HEALTH_DEADLINE, Promise.resolve(component.health?.() ?? FINE), NO_ANSWER)
    } catch (error) {
      return { status: 'failing', reason: String(error), hint: 'see the log' }
    }
  }

  /** What the work comes to, or `otherwise` when it takes longer. */
  async #atMost<T, O>(milliseconds: number, work: Promise<T>, otherwise: O): Promise<T | O> {
    const late = Promise.withResolvers<O>()
    const cancelTimer = this.#clock.after(milliseconds, () => late.resolve(otherwise))
    try {
      return await Promise.race([work, late.promise])
    } finally {
      cancelTimer()
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
