import type { JetStreamManager, StreamInfo } from 'nats'
import { pause, type Clock } from '@cartero/wire'

import { BrokerError } from './broker-error.ts'
import { finalFault, publishFault } from './broker-fault.ts'
import { NATS_LIMITS } from './limits.ts'
import type { Link } from './link.ts'
import { Publisher, type Publication } from './publisher.ts'
import { checkPayload, checkSync, checkVersion } from './server-check.ts'
import { configurationOf, differences, type StreamConfig } from './stream-config.ts'
import { StreamConsumer, type ConsumerConfig } from './stream-consumer.ts'

export type { Publication } from './publisher.ts'

export interface StreamOptions {
  /** `host:port` of the monitoring port of each server: the only place where it says whether it syncs. */
  readonly monitor?: readonly string[]
  /** Milliseconds that a broker has to get ready. */
  readonly patience?: number
  readonly signal?: AbortSignal
}

interface Opening extends StreamOptions {
  readonly link: Link
  readonly clock: Clock
  readonly config: StreamConfig
}

/** JetStream: a stream that is there already, and is configured otherwise. */
const NAME_IN_USE = 10_058

/** Messages that the broker keeps for whoever takes them. */
export class DurableStream {
  readonly name: string
  /** What could not be verified of it, in words for the operator. */
  readonly unverified: string | undefined
  readonly #opening: Opening
  readonly #manager: JetStreamManager
  readonly #publisher: Publisher

  private constructor(opening: Opening, manager: JetStreamManager, unverified: string | undefined) {
    this.name = opening.config.name
    this.unverified = unverified
    this.#opening = opening
    this.#manager = manager
    this.#publisher = new Publisher(opening.link, this.name)
  }

  /** `NatsBus.stream` */
  static async open(opening: Opening): Promise<DurableStream> {
    const { link, config, monitor = [], signal = new AbortController().signal } = opening
    const { connection } = link
    checkVersion(connection.info?.version ?? '', connection.getServer())
    checkPayload(connection.info?.max_payload ?? 0, config.maxMessageOctets)
    const unverified = config.isSynced ? await checkSync(monitor, signal) : undefined
    const manager = await connection.jetstreamManager({ checkAPI: false, timeout: NATS_LIMITS.question })
    const { config: returned } = await untilReady(opening, () => madeOrFound(manager, config))
    const wrong = differences(configurationOf(config), returned)
    if (wrong.length > 0) throw otherwise(config.name, wrong)
    return new DurableStream(opening, manager, unverified)
  }

  /**
   * Fulfilled when the stream has it: where it is synced, it survives a power cut. Many may be on their way at once; who comes when it is
   * too many waits. Rejects with BrokerError (`full`, `unavailable`), at once where nobody would answer; then it may be there all the same,
   * and is there only once if it is published again with its id.
   */
  publish(publication: Publication): Promise<void> {
    return this.#publisher.publish(publication)
  }

  /** Those who take with the same name share what comes. */
  async consumer(config: ConsumerConfig): Promise<StreamConsumer> {
    const { link, clock } = this.#opening
    const open = (): Promise<StreamConsumer> =>
      StreamConsumer.open({ link, clock, manager: this.#manager, stream: this.name, config })
    return untilReady(this.#opening, open)
  }

  /** Messages in it now. */
  async count(): Promise<number> {
    const { state } = await this.#manager.streams.info(this.name)
    return state.messages
  }

  /** When the oldest message came that is in it now, milliseconds since the epoch; undefined when there is none. Rejects with BrokerError. */
  async oldest(): Promise<number | undefined> {
    try {
      const { state } = await this.#manager.streams.info(this.name)
      return state.messages === 0 ? undefined : Date.parse(state.first_ts)
    } catch (error) {
      throw publishFault(error)
    }
  }
}

async function madeOrFound(manager: JetStreamManager, config: StreamConfig): Promise<StreamInfo> {
  try {
    return await manager.streams.add(configurationOf(config))
  } catch (error) {
    if ((error as { api_error?: { err_code?: number } }).api_error?.err_code !== NAME_IN_USE) throw error
    return manager.streams.info(config.name)
  }
}

/** Again and again while a cluster gets ready. */
async function untilReady<T>(opening: Opening, work: () => Promise<T>): Promise<T> {
  const { clock, config, patience = NATS_LIMITS.boot, signal = new AbortController().signal } = opening
  const deadline = clock.elapsed() + patience
  for (;;) {
    try {
      return await work()
    } catch (cause) {
      const final = finalFault(cause, config.name)
      if (final !== undefined) throw final
      if (clock.elapsed() >= deadline)
        throw new BrokerError(
          'unavailable',
          `the stream ${config.name} is not to be had: ${(cause as Error).message}`,
          {
            cause,
            remedy: 'look whether JetStream is on, and whether more than half of the servers run',
          },
        )
      await pause(clock, NATS_LIMITS.retry, signal)
      signal.throwIfAborted()
    }
  }
}

function otherwise(name: string, wrong: readonly string[]): BrokerError {
  return new BrokerError('misconfigured', `the stream ${name} is not as it must be: ${wrong.join(', ')}`, {
    remedy: `nats stream edit ${name}, or install nats-server 2.12 or newer where a setting is unknown`,
  })
}
