import type { StreamConfig } from '@cartero/bus/nats'

import { JOURNEY_STREAM_LIMITS } from './limits.ts'

export interface JourneyStreamOptions {
  /** Servers of the broker that have it. */
  readonly replicas?: number
  /** Octets that wait for the console, which the broker reserves; of more, the oldest are dropped. */
  readonly maxOctets?: number
}

export const JOURNEY_SUBJECT = 'journey.events'

/** The stream by which agents tell the console what happens: both ends ask for the same. Not synced: it is no promise. */
export function journeyStream(options: JourneyStreamOptions = {}): StreamConfig {
  const { replicas = 3, maxOctets = JOURNEY_STREAM_LIMITS.octets } = options
  return {
    name: 'JOURNEY',
    subjects: ['journey.>'],
    keeps: 'untilOld',
    whenFull: 'dropOldest',
    replicas,
    maxOctets,
    maxMessageOctets: 1024 * 1024,
    maxAge: JOURNEY_STREAM_LIMITS.age,
    duplicateWindow: 60_000,
    isSynced: false,
  }
}
