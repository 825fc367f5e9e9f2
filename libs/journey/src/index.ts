/**
 * What happened to each message.
 * @packageDocumentation
 */
export { foldKey } from './event-keys.ts'
export { JOURNALLED_EVENTS, journalled } from './journalled-logger.ts'
export { findJourneys, type Journeys, type MessageJourney } from './journeys.ts'
export type { Journal, JournalQuestion, JourneyEvent } from './ports.ts'
