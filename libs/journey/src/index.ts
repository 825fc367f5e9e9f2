/**
 * What happened to each message.
 * @packageDocumentation
 */
export type { Journal, JournalQuestion, JourneyEvent } from './ports.ts'
