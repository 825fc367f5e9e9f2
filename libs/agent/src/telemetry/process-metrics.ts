import { monitorEventLoopDelay } from 'node:perf_hooks'

import { counter, gauge } from './metric-declarations.ts'
import type { MetricRegistry } from './metric-registry.ts'

/** Milliseconds between two looks at the event loop; what is measured contains them once. */
const RESOLUTION = 20
const NANOSECONDS = 1e9

const METRICS = {
  cpu: counter({
    name: 'cartero_process_cpu_seconds_total',
    doc: 'CPU time of the process, user and system',
  }),
  memory: gauge({
    name: 'cartero_process_resident_memory_bytes',
    doc: 'Memory of the process that is resident',
  }),
  started: gauge({
    name: 'cartero_process_start_time_seconds',
    doc: 'When the process was started, since the epoch',
  }),
  delay: gauge({
    name: 'cartero_event_loop_delay_seconds',
    doc: 'How long the event loop kept timers waiting, since the process was started',
    labels: { quantile: ['0.5', '0.99', 'max'] },
  }),
}

/** What every process tells of itself, from its first scrape on. To be called once, early. */
export function registerProcessMetrics(registry: MetricRegistry): void {
  const metrics = registry.register(METRICS)
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION })
  delay.enable()
  const beyondResolution = (nanoseconds: number): number =>
    delay.count === 0 ? 0 : Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION / 1000)
  metrics.cpu.read({}, () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  })
  metrics.memory.read({}, () => process.memoryUsage.rss())
  metrics.started.set({}, Math.round(Date.now() / 1000 - process.uptime()))
  metrics.delay.read({ quantile: '0.5' }, () => beyondResolution(delay.percentile(50)))
  metrics.delay.read({ quantile: '0.99' }, () => beyondResolution(delay.percentile(99)))
  metrics.delay.read({ quantile: 'max' }, () => beyondResolution(delay.max))
}
