import { pause, type Clock } from '@cartero/wire'

import { BrokerError } from './broker-error.ts'
import { finalFault, publishFault } from './broker-fault.ts'
import { NATS_LIMITS } from './limits.ts'
import { checkServers, checkStream, foundStream, madeStream, type StreamPlace } from './stream-setup.ts'

/** What happens to streams while they are used, for the log. */
export interface StreamEvents {
  /** The stream was gone, and was made again: what was in it and nobody had taken is lost. */
  readonly lost?: (name: string) => void
  /** It is not there, or not as it must be. Told once for each reason; it is looked at again and again. */
  readonly troubled?: (name: string, error: BrokerError) => void
}

/** How a stream is that is not well. */
export interface StreamTrouble {
  readonly name: string
  readonly error: BrokerError
  /** Messages go in and out all the same. */
  readonly isThere: boolean
}

export interface StreamWatchOptions extends StreamPlace {
  readonly clock: Clock
  readonly events: StreamEvents
  /** When the stream was made, as the broker says. */
  readonly created: string
  readonly unverified: string | undefined
}

/** A cluster that elects its leaders answers nothing for a moment: that is not told. */
const TOLD_FROM = 2

/** Looks at a stream when somebody doubts it, when a server is back, and now and then; one that is gone is made again. */
export class StreamWatch {
  readonly #options: StreamWatchOptions
  readonly #ended = new AbortController()
  readonly #restored = new Set<() => Promise<void>>()
  #created: string
  #unverified: string | undefined
  #trouble: StreamTrouble | undefined
  #told: string | undefined
  #failures = 0
  #isLooking = false
  #isDoubted = false
  #cancel: () => void = () => {}

  constructor(options: StreamWatchOptions) {
    this.#options = options
    this.#created = options.created
    this.#unverified = options.unverified
    void this.#untilClosed()
    this.#wait()
  }

  get trouble(): StreamTrouble | undefined {
    return this.#trouble
  }

  get unverified(): string | undefined {
    return this.#unverified
  }

  /** Somebody has reason to think that the stream is not there. Costs nothing while it is looked at. */
  doubt(): void {
    this.#isDoubted = true
    if (!this.#isLooking && !this.#ended.signal.aborted) void this.#lookUntilThere()
  }

  /** What belongs to the stream is gone with it: this is done whenever it was looked at, and is there. */
  restore(work: () => Promise<void>): void {
    this.#restored.add(work)
  }

  async #untilClosed(): Promise<void> {
    const { link } = this.#options
    const endHearing = link.hear((isConnected) => isConnected && this.doubt())
    await link.connection.closed()
    endHearing()
    this.#cancel()
    this.#ended.abort()
  }

  async #lookUntilThere(): Promise<void> {
    const { clock, link } = this.#options
    const { signal } = this.#ended
    this.#isLooking = true
    this.#cancel()
    do {
      this.#isDoubted = false
      if (link.isConnected) await this.#look()
      await pause(clock, NATS_LIMITS.lookAgain, signal)
    } while ((this.#isDoubted || this.#trouble?.isThere === false) && !signal.aborted)
    this.#isLooking = false
    this.#wait()
  }

  #wait(): void {
    if (this.#ended.signal.aborted) return
    this.#cancel = this.#options.clock.after(NATS_LIMITS.lookEvery, () => this.doubt())
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    const { config, link } = this.#options
    const { name } = config
    try {
      const error = await this.#foundOrMade()
      for (const work of this.#restored) await work()
      this.#failures = 0
      this.#become(error && { name, error, isThere: true })
    } catch (cause) {
      // A connection that is lost is no fault of the stream.
      if (this.#ended.signal.aborted || !link.isConnected) return
      const final = finalFault(cause, name)
      this.#failures = final === undefined ? this.#failures + 1 : TOLD_FROM
      this.#become({ name, error: final ?? publishFault(cause), isThere: false })
    }
  }

  /** What is not as it must be with a stream that is there all the same. Rejects when there is none, and none can be made. */
  async #foundOrMade(): Promise<BrokerError | undefined> {
    const { config, events } = this.#options
    const found = await foundStream(this.#options)
    // Guarantee: servers that would lose mail get no stream, as at the start.
    if (found === undefined) this.#unverified = await checkServers(this.#options, this.#ended.signal)
    const { config: returned, created } = found ?? (await madeStream(this.#options))
    // Another process may have made it again.
    if (created !== this.#created) events.lost?.(config.name)
    this.#created = created
    try {
      checkStream(config, returned)
      this.#unverified = await checkServers(this.#options, this.#ended.signal)
      return undefined
    } catch (error) {
      if (error instanceof BrokerError) return error
      throw error
    }
  }

  #become(trouble: StreamTrouble | undefined): void {
    this.#trouble = trouble
    const words = trouble?.error.message
    if (trouble?.isThere === false && this.#failures < TOLD_FROM) return
    if (trouble !== undefined && words !== this.#told)
      this.#options.events.troubled?.(trouble.name, trouble.error)
    this.#told = words
  }
}
