import { MetricRegistry, silentLogger } from '@cartero/agent/telemetry'
import { createLocalSubmission, type LocalSubmission } from '@cartero/msa-agent/agent'

import { doorkeeperOf } from './auth-settings.ts'
import type { CarteroConfig } from './config.ts'
import type { DataFolder } from './data-folder.ts'
import { addressRules, routeTable } from './relay-settings.ts'
import { msaSettings } from './smtp-settings.ts'
import { openStoppedQueue } from './stopped-queue.ts'
import { openStoppedSystem } from './stopped-system.ts'

/** What takes messages of programs for a stopped system; they are in its queue when it starts. */
export async function openStoppedSubmission(
  data: DataFolder,
  config: CarteroConfig,
): Promise<AsyncDisposable & { readonly local: LocalSubmission }> {
  await using opening = new AsyncDisposableStack()
  const { spool } = opening.use(await openStoppedQueue(data, config))
  // Passwords of routes are of no use here.
  const ruleFor = addressRules(routeTable(config, () => ''))
  const system = await openStoppedSystem(data, { ...config.directory, ruleFor })
  const { directory, bans } = opening.use(system)
  const local = createLocalSubmission({
    settings: msaSettings(config),
    intake: spool,
    directory,
    doorkeeper: doorkeeperOf(config, directory, { bans, tokens: undefined }),
    logger: silentLogger,
    metrics: new MetricRegistry(),
  })
  const closing = opening.move()
  return { local, [Symbol.asyncDispose]: () => closing.disposeAsync() }
}
