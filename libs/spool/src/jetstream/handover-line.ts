import type { DurableStream } from '@cartero/bus/nats'

import type { QueueId } from '../ports.ts'
import { joinMessages, type EncodedMessage } from './handover-codec.ts'
import { INTAKE_LIMITS } from './limits.ts'

interface Waiting {
  readonly queueId: QueueId
  readonly message: EncodedMessage
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Hands messages over, at once while the broker keeps up; else those that wait go together. */
export class HandoverLine {
  readonly #stream: Pick<DurableStream, 'publish'>
  readonly #subject: string
  #waiting: Waiting[] = []
  #underway = 0

  constructor(stream: Pick<DurableStream, 'publish'>, subject: string) {
    this.#stream = stream
    this.#subject = subject
  }

  /** Fulfilled when the stream has it, durably. Rejects with BrokerError; it may be there all the same. */
  handOver(queueId: QueueId, message: EncodedMessage): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ queueId, message, resolve, reject })
      this.#next()
    })
  }

  #next(): void {
    while (this.#waiting.length > 0 && this.#underway < INTAKE_LIMITS.underway)
      void this.#send(this.#portion())
  }

  /** As many as fit into one handover, oldest first. */
  #portion(): readonly Waiting[] {
    let octets = 0
    let count = 0
    for (const { message } of this.#waiting) {
      octets += message.size
      if (count > 0 && (octets > INTAKE_LIMITS.handover || count >= INTAKE_LIMITS.together)) break
      count++
    }
    return this.#waiting.splice(0, count)
  }

  async #send(portion: readonly Waiting[]): Promise<void> {
    this.#underway++
    try {
      const body = joinMessages(portion.map(({ message }) => message))
      await this.#stream.publish({ subject: this.#subject, id: portion[0]!.queueId, body })
      for (const { resolve } of portion) resolve()
    } catch (error) {
      for (const { reject } of portion) reject(error)
    } finally {
      this.#underway--
      this.#next()
    }
  }
}
