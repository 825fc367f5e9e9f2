import { ControlError, type ControlStreams, type ControlVerbs } from '@cartero/agent/admin'
import { OperatorError } from '@cartero/agent/lifecycle'
import type { Directory } from '@cartero/directory'
import type { CustomerAgent, FetchOutcome } from '@cartero/odmr-agent/customer'
import type { QueueOffice } from '@cartero/spool'

import type { CarteroConfig } from './config.ts'
import { listCustomers, type CustomerEntry } from './customers.ts'

/** The verb that tells what waits for whom: a CustomersReport. */
export const CUSTOMERS = 'odmr.list'
/** The verb that goes to a `provider` now; its one value is a FetchOutcome, which may take as long as the mail does. */
export const FETCH = 'odmr.fetch'

/** A customer, and what waits for him; quota and time are those in force. */
export interface WaitingCustomer extends CustomerEntry {
  readonly deliveries: number
  readonly octets: number
  /** Accepted in the hour that began then, in milliseconds since the epoch; absent when nothing waits. */
  readonly oldest?: number
}

/** The provider's side of on-demand mail relay, as its operator sees it. */
export interface CustomersReport {
  readonly hostname: string
  /** Where customers call: with STARTTLS, and under TLS. Absent: the door is closed. */
  readonly port?: number
  readonly tlsPort?: number
  readonly customers: readonly WaitingCustomer[]
}

export interface OdmrStores {
  readonly config: Pick<CarteroConfig, 'hostname' | 'listen' | 'odmr'>
  readonly directory: Directory
  readonly spool: Pick<QueueOffice, 'uncollected'>
}

const HOUR_MS = 3_600_000

/** Customers by domain, also those whose domain waits without one any more. */
export async function reportCustomers({ config, directory, spool }: OdmrStores): Promise<CustomersReport> {
  const { hostname, listen, odmr } = config
  const [customers, waiting] = await Promise.all([listCustomers(directory), spool.uncollected()])
  const mail = new Map(waiting.map((each) => [each.domain, each]))
  const gone = waiting
    .filter(({ domain }) => !customers.some((customer) => customer.domain === domain))
    .map(({ domain }) => ({ domain, account: '', quota: 0, keepSeconds: 0, contact: '' }))
  const [port, tlsPort] = [listen.odmr[0]?.port, listen.odmrs[0]?.port]
  return {
    hostname,
    ...(port !== undefined && { port }),
    ...(tlsPort !== undefined && { tlsPort }),
    customers: [...customers, ...gone].map((customer) => {
      const { deliveries = 0, octets = 0, oldestHour } = mail.get(customer.domain) ?? {}
      return {
        ...customer,
        quota: customer.quota || odmr.quota,
        keepSeconds: customer.keepSeconds || odmr.keep / 1_000,
        deliveries,
        octets,
        ...(oldestHour !== undefined && { oldest: oldestHour * HOUR_MS }),
      }
    }),
  }
}

export function odmrVerbs(stores: () => OdmrStores): ControlVerbs {
  return { [CUSTOMERS]: () => reportCustomers(stores()) }
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
