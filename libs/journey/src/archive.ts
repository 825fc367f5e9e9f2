import type { ArchivedKind } from '@cartero/sql/archive'

/** Rows of one value: the event as JSON. */
export const EVENTS = 'event'

export const EVENTS_AT_ONCE = 1_000
export const ARCHIVED_JOURNEY: readonly ArchivedKind[] = [{ name: EVENTS, portion: EVENTS_AT_ONCE }]
