/**
 * Writes the dashboards that Grafana is provisioned with.
 * usage: node tools/monitoring/dashboards.ts
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { root } from '../house/files.ts'
import { AGENTS } from './agents.ts'
import { MAIL_FLOW } from './mail-flow.ts'
import { dashboardFile, type Dashboard } from './panels.ts'
import { STORES } from './stores.ts'

/** Where Grafana finds them (docker-compose.yml). */
export const DASHBOARDS_FOLDER = join(root, 'deploy/grafana/dashboards')

/** By the name of their file. */
export const DASHBOARDS: Readonly<Record<string, Dashboard>> = {
  'mail.json': MAIL_FLOW,
  'agents.json': AGENTS,
  'stores.json': STORES,
}

if (import.meta.main) {
  for (const [file, dashboard] of Object.entries(DASHBOARDS))
    writeFileSync(join(DASHBOARDS_FOLDER, file), dashboardFile(dashboard))
}
