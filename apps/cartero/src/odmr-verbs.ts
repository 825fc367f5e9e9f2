import { ControlError, type ControlStreams, type ControlVerbs } from '@cartero/agent/admin'
import { OperatorError } from '@cartero/agent/lifecycle'
import type { Directory } from '@cartero/directory'
import type { Journal } from '@cartero/journey'
import type { CustomerAgent, FetchOutcome } from '@cartero/odmr-agent/customer'
import { HOUR_MS, type QueueOffice } from '@cartero/spool'

import type { CarteroConfig } from './config.ts'
import { listCustomers } from './customers.ts'
import { lastTurnOf } from './last-turn.ts'
import { CUSTOMERS, FETCH, type CustomersReport, type WaitingCustomer } from './odmr-report.ts'

export interface OdmrStores {
  readonly config: Pick<CarteroConfig, 'hostname' | 'listen' | 'odmr'>
  readonly directory: Directory
  readonly spool: Pick<QueueOffice, 'uncollected'>
  readonly journal: Pick<Journal, 'find'>
}

/** Customers whose last turn is looked for; of more, the first. */
const MOST_REMEMBERED = 200

/** Customers by domain, and domains that nobody comes for any more though mail waits. */
export async function reportCustomers(stores: OdmrStores, signal: AbortSignal): Promise<CustomersReport> {
  const { hostname, listen } = stores.config
  const [port, tlsPort] = [listen.odmr[0]?.port, listen.odmrs[0]?.port]
  return {
    hostname,
    ...(port !== undefined && { port }),
    ...(tlsPort !== undefined && { tlsPort }),
    customers: await waitingCustomers(stores, signal),
  }
}

async function waitingCustomers(
  { config: { odmr }, directory, spool, journal }: OdmrStores,
  signal: AbortSignal,
): Promise<readonly WaitingCustomer[]> {
  const [customers, waiting] = await Promise.all([listCustomers(directory), spool.uncollected()])
  const mail = new Map(waiting.map((each) => [each.domain, each]))
  const gone = waiting
    .filter(({ domain }) => !customers.some((customer) => customer.domain === domain))
    .map(({ domain }) => ({ domain, account: '', quota: 0, keepSeconds: 0, contact: '' }))
  const told: WaitingCustomer[] = []
  // One after the other: there may be many.
  for (const customer of [...customers, ...gone]) {
    const { domain, quota, keepSeconds } = customer
    const isAsked = told.length < MOST_REMEMBERED
    const lastTurn = isAsked ? await lastTurnOf(journal, domain, signal) : undefined
    const { deliveries = 0, octets = 0, oldestHour } = mail.get(domain) ?? {}
    told.push({
      ...customer,
      quota: quota || odmr.quota,
      keepSeconds: keepSeconds || odmr.keep / 1_000,
      deliveries,
      octets,
      ...(oldestHour !== undefined && { oldest: oldestHour * HOUR_MS }),
      ...(lastTurn && { lastTurn }),
    })
  }
  return told
}

export function odmrVerbs(stores: () => OdmrStores): ControlVerbs {
  return { [CUSTOMERS]: (_, signal) => reportCustomers(stores(), signal) }
}

export function odmrStreams(customer: () => CustomerAgent | undefined): ControlStreams {
  return {
    async *[FETCH](argument, signal) {
      const { provider } = (argument ?? {}) as { readonly provider?: unknown }
      if (typeof provider !== 'string') throw new ControlError('usage', 'a provider is missing')
      const agent = customer()
      if (agent === undefined) throw new ControlError('unreachable', 'the system is still starting')
      yield await visited(agent, provider, signal)
    },
  }
}

async function visited(agent: CustomerAgent, provider: string, signal: AbortSignal): Promise<FetchOutcome> {
  try {
    return await agent.fetch(provider, signal)
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    throw new ControlError('notFound', `${error.message}; ${error.remedy}`, { cause: error })
  }
}
