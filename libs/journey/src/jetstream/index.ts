/**
 * Journeys, told by many processes and kept by one.
 * @packageDocumentation
 */
export { JetStreamJournal, type JetStreamJournalOptions } from './jetstream-journal.ts'
export { JourneyConsumer, type JourneyConsumerOptions } from './journey-consumer.ts'
export { journeyStream, type JourneyStreamOptions } from './journey-stream.ts'
export { JOURNEY_STREAM_LIMITS, MOST_HELD_EVENTS as MOST_TOLD_EVENTS } from './limits.ts'
