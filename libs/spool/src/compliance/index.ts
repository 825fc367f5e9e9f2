/** What every spool promises, as tests. Each adapter runs them. */
export { describeDurableSpool, type SpoolPlace } from './durable-spool.ts'
export { describeSpool } from './spool.ts'
export {
  Bench,
  envelope,
  toAll,
  toCustomers,
  toDomains,
  toEachRecipient,
  toElsewhere,
  type Setup,
} from './setup.ts'
