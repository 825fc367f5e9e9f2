import { createDirectoryAgent } from '@cartero/directory-agent/agent'
import { openPostgresDirectory } from '@cartero/directory/postgres'
import { directoryOffer } from '@cartero/directory/remote'

import { banLimits } from '../auth-settings.ts'
import { addressRules, routeTable } from '../relay-settings.ts'
import { secretKey } from '../secret-key.ts'
import { stored } from './database.ts'
import { callers, type Ground } from './ground.ts'
import type { Common, Parts } from './parts.ts'
import { DIRECTORY_PERMISSIONS } from './permissions.ts'

/** Who exists, in Postgres, for all agents that ask. */
export function directoryParts(ground: Ground, { bus }: Common): Parts {
  const { config, data, logger, metrics } = ground
  const records = stored(ground, 'directory', (database) =>
    openPostgresDirectory({
      database,
      news: bus.open.news,
      policy: { subaddressSeparator: config.directory.subaddressSeparator },
      secretKey: secretKey(config.services.directoryKeyFile ?? data.secretKey),
      // Passwords of routes are of no use here.
      ruleFor: addressRules(routeTable(config, () => '')),
    }),
  )
  const agent = createDirectoryAgent({
    open: () => Promise.resolve(records.open.store),
    bans: banLimits(config),
    logger,
    metrics,
  })
  return {
    components: [records, agent],
    offers: () => [directoryOffer(agent.directory, callers(ground, DIRECTORY_PERMISSIONS))],
    doors: [],
  }
}
