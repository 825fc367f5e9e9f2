import type { CustomerEntry } from './customers.ts'
import type { LastTurn } from './last-turn.ts'

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
  /** Absent when none is remembered. */
  readonly lastTurn?: LastTurn
}

/** The provider's side of on-demand mail relay, as its operator sees it. */
export interface CustomersReport {
  readonly hostname: string
  /** Where customers call: with STARTTLS, and under TLS. Absent: the door is closed. */
  readonly port?: number
  readonly tlsPort?: number
  readonly customers: readonly WaitingCustomer[]
}
