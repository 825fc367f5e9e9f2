import type { NatsBus } from '@cartero/bus/nats'
import type { MailStore } from '@cartero/mailstore'
import { openPostgresMailStore } from '@cartero/mailstore/postgres'

import { stored, type Stored } from './database.ts'
import type { Ground } from './ground.ts'
import type { Service } from './service.ts'

/** Mail that is kept for its user, in Postgres. */
export function mailboxes(ground: Ground, bus: { readonly open: NatsBus }): Service<Stored<MailStore>> {
  return stored(ground, 'mailstore', (database) => openPostgresMailStore({ database, news: bus.open.news }))
}
