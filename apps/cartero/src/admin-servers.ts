import { createAdminServer } from '@cartero/agent/admin'
import { formatListenAddress, type ListenAddress } from '@cartero/agent/config'
import type { Component, HealthReport } from '@cartero/agent/lifecycle'
import type { MetricRegistry } from '@cartero/agent/telemetry'

/** Probes and metrics, at each of these doors. */
export function adminServers(
  doors: readonly ListenAddress[],
  metrics: MetricRegistry,
  health: () => Promise<HealthReport>,
): Component[] {
  return doors.map((door) => {
    const name = `admin ${formatListenAddress(door)}`
    return createAdminServer({ ...door, name, health, metrics: () => metrics.exposition() })
  })
}
