import type { NatsBus } from '@cartero/bus/nats'
import type { ContentStore } from '@cartero/content'
import { openPostgresSpool, type PostgresSpool } from '@cartero/spool/postgres'

import { stored, type Stored } from './database.ts'
import type { Ground } from './ground.ts'
import { Outage } from './outage.ts'
import type { Service } from './service.ts'

export interface SpoolParts {
  readonly bus: { readonly open: NatsBus }
  readonly content: { readonly open: ContentStore }
}

/** Mail that is on its way, in Postgres. */
export function waitingRoom(ground: Ground, { bus, content }: SpoolParts): Service<Stored<PostgresSpool>> {
  const { config, logger } = ground
  const { trouble } = new Outage({ logger, event: 'spool.trouble', over: 'spool.recovered' })
  return stored(ground, 'spool', (database) =>
    openPostgresSpool({
      database,
      content: content.open,
      news: bus.open.news,
      owner: ground.owner,
      keepDeadLetters: config.spool.keepDeadLetters,
      trouble,
    }),
  )
}
