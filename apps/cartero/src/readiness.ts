import type { Lifecycle } from '@cartero/agent/lifecycle'
import { gauge, type MetricRegistry } from '@cartero/agent/telemetry'

const METRICS = {
  ready: gauge({ name: 'cartero_ready', doc: '1 while the process serves, 0 while it starts or drains' }),
}

/** Whether the process serves, for those who scrape it. */
export function tellReadiness(metrics: MetricRegistry, lifecycle: Pick<Lifecycle, 'phase'>): void {
  metrics.register(METRICS).ready.read({}, () => (lifecycle.phase === 'ready' ? 1 : 0))
}
