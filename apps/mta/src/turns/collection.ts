import type { Instruments, Logger } from '@cartero/agent/telemetry'
import type { DirectoryService } from '@cartero/contracts/directory'
import type { Spool } from '@cartero/spool'
import type { CollectionRoom, Turns } from '@cartero/spool/dispatch'
import type { Notices } from '@cartero/spool/notices'
import type { Clock } from '@cartero/wire'

import type { TURN_METRICS } from '../metrics.ts'
import { Contacts } from './contacts.ts'
import { Customers } from './customers.ts'
import { collectionEvents } from './events.ts'
import { Keeper } from './keeper.ts'
import { QuotaRoom } from './room.ts'
import type { TurnSettings } from './settings.ts'
import { CustomerTurns } from './turns.ts'

export interface CollectionDependencies {
  readonly spool: Spool
  readonly directory: Pick<DirectoryService, 'ListDomains'>
  readonly notices: Notices
  readonly settings: TurnSettings
  /** What we call ourselves. */
  readonly hostname: string
  /** Whose leases they are; by host name and process when absent. */
  readonly owner?: string
  /** Milliseconds from one settlement to the next, at least. */
  readonly gathering?: number
  readonly clock: Clock
  readonly random: (octets: number) => Uint8Array
  readonly logger: Logger
  readonly metrics: Instruments<typeof TURN_METRICS>
}

/** Mail that waits for customers: their turns, how much may wait, and who sees to it that nothing waits for ever. */
export interface Collection {
  readonly turns: Turns
  readonly room: CollectionRoom
  /** Keeps what waits, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
  /** No more turns; those that are open end when the signal aborts. */
  drain(signal: AbortSignal): Promise<void>
}

export function createCollection(dependencies: CollectionDependencies): Collection {
  const { spool, notices, settings, hostname, gathering, clock, random, logger, metrics } = dependencies
  const events = collectionEvents(logger, metrics)
  const customers = new Customers({ ...dependencies, office: spool })
  const turns = new CustomerTurns({
    spool,
    queue: spool,
    notices: notices.withoutPatience(),
    customers,
    retryAfter: settings.retryAfter,
    ...(gathering !== undefined && { gathering }),
    owner: ownerOf(dependencies),
    clock,
    events,
  })
  const contacts = new Contacts({
    intake: spool,
    customers,
    author: { hostname, clock, random },
    settings,
    sent: events.notified,
    failed: events.uncounted,
  })
  const keeper = new Keeper({
    office: spool,
    customers,
    clock,
    counted: events.counted,
    notify: (waiting) => contacts.look(waiting),
    expired: events.expired,
    failed: events.uncounted,
  })
  metrics.open.read({}, () => turns.open)
  return {
    turns,
    room: new QuotaRoom(customers, events.uncounted),
    run: (signal) => keeper.run(signal),
    drain: (signal) => turns.drain(signal),
  }
}

function ownerOf({ owner, hostname }: CollectionDependencies): string {
  return `turn ${owner ?? `${hostname} ${process.pid}`}`
}
