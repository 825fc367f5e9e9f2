/**
 * The half of an SMTP conversation that begins in the spool: deliveries become transactions, and what the next host says of each
 * recipient becomes what is told of it.
 * @packageDocumentation
 */
export { Cargo, CARGO_LIMITS } from './cargo.ts'
export { dispatch, type Dispatch, type DispatchEnding, type DispatchOptions } from './dispatch.ts'
export { Errand, type ErrandOptions, type Leftover } from './errand.ts'
export { TRANSACTIONS_IN_FLIGHT } from './limits.ts'
export type { AttemptFacts, CollectionRoom, Feed } from './ports.ts'
export type { Load } from './shipment.ts'
export {
  TURN_ENDINGS,
  type Turn,
  type TurnEnding,
  type TurnOpening,
  type TurnRequest,
  type Turns,
} from './turns.ts'
export { concluded, endingTrouble, REASON_CHARACTERS, reasonOf, type Interruption } from './words.ts'
