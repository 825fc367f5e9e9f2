import type { Directory } from '@cartero/directory'
import type { Journal } from '@cartero/journey'
import { destinationOf, type QueueOffice } from '@cartero/spool'

import type { CarteroConfig } from './config.ts'
import { listCustomers } from './customers.ts'
import { lastTurnOf, type LastTurn } from './last-turn.ts'

/** Mail that waits until a customer comes for it. */
export interface CustomerExplained {
  /** The address, or one that an alias leads to. */
  readonly recipient: string
  /** As the queue calls it. */
  readonly destination: string
  /** Who comes for it. */
  readonly account: string
  /** Octets that may wait, and those that do. */
  readonly quota: number
  readonly octets: number
  readonly deliveries: number
  /** Seconds after which it is given back. */
  readonly keepSeconds: number
  readonly lastTurn?: LastTurn
}

export interface CustomerStores {
  readonly config: Pick<CarteroConfig, 'odmr'>
  readonly directory: Directory
  readonly queue: Pick<QueueOffice, 'uncollected'>
  readonly journal: Pick<Journal, 'find'>
}

/** What becomes of mail for addresses whose domains customers collect; asked for no more than one message has. */
export async function explainCustomers(
  recipients: readonly string[],
  stores: CustomerStores,
  signal: AbortSignal,
): Promise<readonly CustomerExplained[]> {
  if (recipients.length === 0) return []
  const [customers, waiting] = await Promise.all([
    listCustomers(stores.directory),
    stores.queue.uncollected(),
  ])
  return Promise.all(
    recipients.map(async (recipient) => {
      const domain = recipient.slice(recipient.lastIndexOf('@') + 1)
      const customer = customers.find((each) => each.domain === domain)
      const { deliveries = 0, octets = 0 } = waiting.find((each) => each.domain === domain) ?? {}
      const lastTurn = await lastTurnOf(stores.journal, domain, signal)
      const { quota, keep } = stores.config.odmr
      return {
        recipient,
        destination: destinationOf({ kind: 'odmr', domain }),
        account: customer?.account ?? '',
        quota: customer?.quota || quota,
        octets,
        deliveries,
        keepSeconds: customer?.keepSeconds || keep / 1_000,
        ...(lastTurn && { lastTurn }),
      }
    }),
  )
}
