import type { LogFields, Logger } from '@cartero/agent/telemetry'
import { systemClock, type Clock } from '@cartero/wire'

/** Milliseconds without trouble, after which it is over: longer than whoever retries waits between two attempts. */
const QUIET = 60_000

/** Reasons told of one outage; what comes after so many says nothing new. */
const REASONS = 5

export interface OutageOptions {
  readonly logger: Pick<Logger, 'info' | 'warn'>
  /** Told when it begins, and for each reason that is new. */
  readonly event: string
  /** Told when it is over. */
  readonly over: string
  readonly clock?: Clock
}

/** Something that others try again and again while it is away: told of in words when that begins and when it is over, and not at each attempt. */
export class Outage {
  readonly #options: OutageOptions
  readonly #reasons = new Set<string>()
  #quiet: (() => void) | undefined

  constructor(options: OutageOptions) {
    this.#options = options
  }

  readonly trouble = (error: unknown): void => {
    const { logger, event, over, clock = systemClock } = this.#options
    const reason = error instanceof Error ? error.message : String(error)
    if (!this.#reasons.has(reason) && this.#reasons.size < REASONS) {
      this.#reasons.add(reason)
      logger.warn(event, fieldsOf(error, reason))
    }
    this.#quiet?.()
    this.#quiet = clock.after(QUIET, () => {
      this.#reasons.clear()
      logger.info(over)
    })
  }
}

/** Whose fault it is says all of what is away; what nobody foresaw is told with where it came from. */
function fieldsOf(error: unknown, reason: string): LogFields {
  return error instanceof Error && 'fault' in error ? { reason } : { err: error }
}
