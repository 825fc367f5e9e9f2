import { nuid, type JetStreamClient } from 'nats'

import { BrokerError } from './broker-error.ts'
import { isAbsence, isSilence, publishFault } from './broker-fault.ts'
import { NATS_LIMITS } from './limits.ts'
import type { Link } from './link.ts'

export interface Publication {
  readonly subject: string
  readonly body: Uint8Array
  /** One that comes again within the duplicate window is acknowledged, and not kept again. */
  readonly id?: string
}

/** Gives messages to one stream: many at once, but not too many, and fails at once where nobody would answer. */
export class Publisher {
  readonly #link: Link
  readonly #stream: string
  readonly #doubt: () => void
  readonly #client: JetStreamClient
  readonly #waiting: (() => void)[] = []
  readonly #lost = new Set<() => void>()
  #inFlight = 0
  #octets = 0
  #isSilent = false

  /** @param doubt told when the broker says that the stream is not there */
  constructor(link: Link, stream: string, doubt: () => void) {
    this.#link = link
    this.#stream = stream
    this.#doubt = doubt
    this.#client = link.connection.jetstream({ timeout: NATS_LIMITS.acknowledgement })
    link.hear((isConnected) => {
      if (isConnected) this.#isSilent = false
      else this.#giveUp()
    })
  }

  /**
   * Fulfilled when the stream has it: where it is synced, it survives a power cut. Rejects with BrokerError (`full`, `unavailable`); then it
   * may be there all the same, and comes only once if it is published again with its id.
   */
  async publish(publication: Publication): Promise<void> {
    const octets = publication.body.length
    while (!this.#hasRoom(octets)) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#inFlight++
    this.#octets += octets
    try {
      await this.#send(publication)
      this.#isSilent = false
    } catch (error) {
      if (error instanceof BrokerError && isSilence(error)) this.#isSilent = true
      if (error instanceof BrokerError && isAbsence(error)) this.#doubt()
      throw error
    } finally {
      this.#inFlight--
      this.#octets -= octets
      this.#goOn()
    }
  }

  /** Throws where nobody would answer: after a silence one goes alone, and the others need not wait for as long as it does. */
  #hasRoom(octets: number): boolean {
    if (!this.#link.isConnected) throw this.#link.absence
    if (this.#inFlight === 0) return true
    if (this.#isSilent) throw new BrokerError('unavailable', 'the broker does not answer')
    const { inFlight, inFlightOctets } = NATS_LIMITS
    return this.#inFlight < inFlight && this.#octets + octets <= inFlightOctets
  }

  #send({ subject, body, id = nuid.next() }: Publication): Promise<void> {
    return new Promise((resolve, reject) => {
      const lose = (): void => reject(this.#link.absence)
      this.#lost.add(lose)
      this.#client
        .publish(subject, body, { msgID: id, expect: { streamName: this.#stream } })
        .then(
          () => resolve(),
          (error: unknown) => reject(publishFault(error)),
        )
        .finally(() => this.#lost.delete(lose))
    })
  }

  #giveUp(): void {
    for (const lose of this.#lost) lose()
    this.#goOn()
  }

  #goOn(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
