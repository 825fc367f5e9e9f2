/**
 * The half of an SMTP conversation that begins in the spool: deliveries become transactions, and what the next host says of each
 * recipient becomes what is told of it.
 * @packageDocumentation
 */
export type { AttemptFacts, Feed } from './ports.ts'
export type { Turn, TurnOpening, TurnRequest, Turns } from './turns.ts'
