import { ControlError, type ControlVerbs } from '@cartero/agent/admin'
import type { Component } from '@cartero/agent/lifecycle'
import { counter, type Logger, type MetricRegistry } from '@cartero/agent/telemetry'
import { journalled, type Journal, type JournalQuestion, type JourneyEvent } from '@cartero/journey'
import { SegmentJournal } from '@cartero/journey/segments'
import { systemClock } from '@cartero/wire'

import type { CarteroConfig } from './config.ts'
import type { DataFolder } from './data-folder.ts'

/** Events that one question is answered with: they are in memory, and on their way through a socket. */
export const MOST_EVENTS_TOLD = 10_000

const METRICS = {
  dropped: counter({
    name: 'cartero_journey_dropped_total',
    doc: 'Events of journeys that were not kept, since the disk was full or slow',
  }),
}

/** The verbs by which others ask what happened. */
export interface JourneyVerbs {
  'journey.find': (question: JournalQuestion, signal: AbortSignal) => Promise<readonly JourneyEvent[]>
}

export interface JourneyOptions {
  readonly config: CarteroConfig
  readonly data: DataFolder
  readonly logger: Logger
  readonly metrics: MetricRegistry
}

/** What happened to each message: who tells, who asks, and what is started first and stopped last. */
export interface JourneyRecord {
  /** For those whose events about messages are to be kept. */
  readonly logger: Logger
  readonly verbs: JourneyVerbs & ControlVerbs
  readonly journal: Pick<Journal, 'find'>
  readonly component: Component
}

export function journeyRecord({ config, data, logger, metrics }: JourneyOptions): JourneyRecord {
  const journal = new SegmentJournal({
    directory: data.journey,
    keepFor: config.journey.keep,
    keepOctets: config.journey.size,
    trouble: (error) => logger.warn('journey.trouble', { err: error }),
  })
  countDropped(metrics, journal)
  return {
    logger: journalled(logger, journal, systemClock),
    verbs: journeyVerbs(() => journal),
    journal,
    component: {
      name: 'journey',
      start: () => journal.open(),
      stop: () => journal.close(),
      health: () =>
        journal.isTroubled
          ? {
              status: 'degraded',
              reason: `what happens to messages is not recorded: ${journal.dropped} events are lost`,
              hint: `mail is not affected; see journey.trouble in the log, and free space for ${data.journey}`,
            }
          : { status: 'ok' },
    },
  }
}

/** What a journal could not keep, for those who scrape it. */
export function countDropped(metrics: MetricRegistry, journal: Pick<Journal, 'dropped'>): void {
  metrics.register(METRICS).dropped.read({}, () => journal.dropped)
}

/** How a journal is asked through the control socket. */
export function journeyVerbs(journal: () => Pick<Journal, 'find'>): {
  readonly [K in keyof JourneyVerbs]: (question: unknown, signal: AbortSignal) => ReturnType<JourneyVerbs[K]>
} {
  return {
    'journey.find': async (question: unknown, signal: AbortSignal) =>
      journal().find(questionOf(question), signal),
  }
}

/** What comes through a socket is looked at. */
function questionOf(argument: unknown): JournalQuestion {
  const { key, since, limit } = (argument ?? {}) as Partial<Record<keyof JournalQuestion, unknown>>
  if (typeof key !== 'string') throw new ControlError('usage', 'a queue id, address or Message-ID is missing')
  return {
    key,
    ...(typeof since === 'number' && { since }),
    limit: typeof limit === 'number' ? Math.min(Math.max(1, limit), MOST_EVENTS_TOLD) : MOST_EVENTS_TOLD,
  }
}
