import { open } from 'node:fs/promises'

import { systemClock, type Clock } from '@cartero/wire'

import type { Journal, JournalQuestion, JourneyEvent } from '../ports.ts'
import { findEvents } from './find-events.ts'
import {
  BATCH_EVENTS,
  DEFAULT_KEEP_FOR,
  DEFAULT_KEEP_OCTETS,
  DEFAULT_SEGMENT_OCTETS,
  MOST_HELD_EVENTS,
  RETENTION_EVERY,
  WRITE_EVERY,
} from './limits.ts'
import { Retention } from './retention.ts'
import { listSegments, type OpenFile } from './segment-folder.ts'
import type { Segment } from './segment.ts'
import { SegmentWriter } from './segment-writer.ts'

export interface SegmentJournalOptions {
  /** Made when it is missing. Of one process at a time. */
  readonly directory: string
  /** Octets of all that is kept. */
  readonly keepOctets?: number
  /** Milliseconds that an event is kept. */
  readonly keepFor?: number
  readonly segmentOctets?: number
  readonly clock?: Clock
  /** Told once when events begin to be lost; not again before some were kept. */
  readonly trouble?: (error: unknown) => void
  readonly open?: OpenFile
}

/**
 * Segment files of JSON lines, written in batches and never synced: after a crash of the machine the last seconds may be
 * missing. Needs nothing to be opened: what is told is held until the first batch is written.
 */
export class SegmentJournal implements Journal {
  readonly #options: SegmentJournalOptions
  readonly #clock: Clock
  readonly #segments: Segment[] = []
  readonly #writer: SegmentWriter
  readonly #retention: Retention
  #held: JourneyEvent[] = []
  #busy: Promise<void> = Promise.resolve()
  #due: Promise<void> | undefined
  #isOpen = false
  #isTroubled = false
  #isClosed = false
  #dropped = 0
  #quiet: (() => void) | undefined
  #rest: (() => void) | undefined

  constructor(options: SegmentJournalOptions) {
    this.#options = options
    const { directory, segmentOctets = DEFAULT_SEGMENT_OCTETS, clock = systemClock } = options
    const { keepOctets = DEFAULT_KEEP_OCTETS, keepFor = DEFAULT_KEEP_FOR } = options
    this.#clock = clock
    this.#writer = new SegmentWriter(this.#segments, {
      directory,
      segmentOctets,
      open: options.open ?? open,
    })
    this.#retention = new Retention(this.#segments, { keepOctets, keepFor, clock })
  }

  get dropped(): number {
    return this.#dropped
  }

  /** Events are being lost: the disk is full, or the folder cannot be used. */
  get isTroubled(): boolean {
    return this.#isTroubled
  }

  /** Opens what there is, and drops what is too old. Never rejects: `trouble` is told. What is told may come before. */
  open(): Promise<void> {
    return this.#queue(() => this.#openFolder())
  }

  tell(event: JourneyEvent): void {
    if (this.#isClosed || this.#held.length >= MOST_HELD_EVENTS) {
      this.#dropped++
      return
    }
    const held = this.#held.push(event)
    if (held === 1) this.#quiet = this.#clock.after(WRITE_EVERY, () => void this.#flush())
    else if (held === BATCH_EVENTS) setImmediate(() => void this.#flush())
  }

  async find(question: JournalQuestion, signal: AbortSignal): Promise<readonly JourneyEvent[]> {
    if (!this.#isClosed) await this.#flush()
    const since = Math.max(question.since ?? Number.NEGATIVE_INFINITY, this.#retention.oldest)
    return findEvents(this.#segments, { ...question, since }, signal)
  }

  async close(): Promise<void> {
    if (this.#isClosed) return this.#busy
    if (this.#held.length > 0) void this.#flush()
    this.#isClosed = true
    this.#rest?.()
    await this.#queue(() => this.#writer.seal())
  }

  /** Writes what is held once what is being written is; whoever comes meanwhile shares it. */
  #flush(): Promise<void> {
    this.#quiet?.()
    this.#due ??= this.#queue(async () => {
      this.#due = undefined
      const events = this.#held
      this.#held = []
      if (events.length === 0) await this.#openFolder()
      for (let at = 0; at < events.length; at += BATCH_EVENTS)
        await this.#write(events.slice(at, at + BATCH_EVENTS))
    })
    return this.#due
  }

  /** One thing at a time, in order. What fails is told, and is never the asker's trouble. */
  #queue(work: () => Promise<void>): Promise<void> {
    this.#busy = this.#busy.then(work).catch((error: unknown) => this.#troubled(error))
    return this.#busy
  }

  async #write(batch: readonly JourneyEvent[]): Promise<void> {
    try {
      await this.#openFolder()
      const segments = this.#segments.length
      const dropped = await this.#writer.write(batch)
      this.#dropped += dropped
      this.#isTroubled = false
      if (this.#segments.length > segments) await this.#retention.apply(this.#writer.active)
    } catch (error) {
      this.#dropped += batch.length
      this.#troubled(error)
    }
  }

  async #openFolder(): Promise<void> {
    if (this.#isOpen) return
    const found = await listSegments({ directory: this.#options.directory, readOnly: false })
    this.#segments.splice(0, this.#segments.length, ...found)
    const newest = this.#segments.at(-1)
    if (newest !== undefined) await this.#writer.resume(newest)
    this.#isOpen = true
    await this.#retain()
  }

  /** Now and every hour. */
  async #retain(): Promise<void> {
    if (this.#isClosed) return
    this.#rest = this.#clock.after(RETENTION_EVERY, () => void this.#queue(() => this.#retain()))
    await this.#writer.sealOld(this.#clock.now())
    await this.#retention.apply(this.#writer.active)
  }

  #troubled(error: unknown): void {
    if (this.#isTroubled) return
    this.#isTroubled = true
    this.#options.trouble?.(error)
  }
}
