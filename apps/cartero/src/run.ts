import { Lifecycle, runAgent } from '@cartero/agent/lifecycle'
import {
  createLogger,
  MetricRegistry,
  registerProcessMetrics,
  type RootLogger,
} from '@cartero/agent/telemetry'

import { compose, type CompositionOptions } from './compose.ts'
import type { CarteroConfig } from './config.ts'
import { tellReadiness } from './readiness.ts'
import { systemStatus } from './status.ts'

export interface SystemRun extends Pick<CompositionOptions, 'doorRemedy' | 'selfSigned' | 'prepare'> {
  readonly config: CarteroConfig
  /** Where the log goes: 1 is standard output, 2 is standard error. */
  readonly logTo: 1 | 2
  /** Told when everything serves, with the milliseconds since the process was started. */
  readonly ready: (milliseconds: number, logger: RootLogger) => void
}

/** Runs the one-process shape until it is told to end. */
export async function runSystem(run: SystemRun): Promise<void> {
  const { config, logTo, ready, ...composition } = run
  using logger = createLogger({ ...config.log, descriptor: logTo, base: { service: 'cartero' } })
  const metrics = new MetricRegistry()
  registerProcessMetrics(metrics)
  const health = (): ReturnType<Lifecycle['health']> => lifecycle.health()
  const verbs = { status: () => systemStatus(config, health, () => stores.open.spool.waiting) }
  const { agent, identity, stores } = compose({ ...composition, config, logger, metrics, health, verbs })
  const options = { log: logger, drainDeadline: config.drain, begun: performance.timeOrigin }
  const lifecycle = new Lifecycle(agent, options)
  tellReadiness(metrics, lifecycle)
  const reload = (): void => {
    try {
      identity.reload()
      logger.info('tls.reloaded')
    } catch (error) {
      logger.error('tls.reload-failed', { err: error })
    }
  }
  process.on('SIGHUP', reload)
  await runAgent(agent, {
    ...options,
    lifecycle,
    onReady: () => ready(performance.now(), logger),
  })
  process.off('SIGHUP', reload)
}
