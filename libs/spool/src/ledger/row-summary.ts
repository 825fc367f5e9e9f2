import type { EnhancedStatus } from '@cartero/syntax'

import type { DeliveryId, DeliveryState, DeliverySummary, QueueId } from '../ports.ts'
import type { DestinationName } from '../queue.ts'

/** A delivery as a database has it. */
export interface ListedRow {
  readonly queueId: QueueId
  readonly number: number
  readonly destination: DestinationName
  readonly state: DeliveryState
  readonly attempts: number
  readonly notBefore: number
  readonly reason: string
  readonly status: EnhancedStatus | ''
  readonly sentence: 'return' | 'expire' | null
  readonly recipients: string
  readonly reversePath: string
  readonly size: number
  readonly acceptedAt: number
}

/** What an operator sees of a row, read as far as somebody asks. */
export class RowSummary implements DeliverySummary {
  readonly #row: ListedRow

  constructor(row: ListedRow) {
    this.#row = row
  }

  get id(): DeliveryId {
    return `${this.#row.queueId}.${this.#row.number}` as DeliveryId
  }

  get queueId(): DeliverySummary['queueId'] {
    return this.#row.queueId
  }

  get state(): DeliverySummary['state'] {
    return this.#row.state
  }

  get reversePath(): string {
    return this.#row.reversePath
  }

  get recipients(): readonly string[] {
    return (JSON.parse(this.#row.recipients) as { address: string }[]).map(({ address }) => address)
  }

  get destination(): string {
    return this.#row.destination
  }

  get size(): number {
    return this.#row.size
  }

  get attempts(): number {
    return this.#row.attempts
  }

  get acceptedAt(): number {
    return this.#row.acceptedAt
  }

  get reason(): string {
    return this.#row.reason
  }

  /** All of it, as a plain object. */
  get whole(): DeliverySummary {
    const { state } = this
    const { notBefore, reason, status, sentence } = this.#row
    const isDead = state === 'failed' || state === 'expired'
    return {
      id: this.id,
      queueId: this.queueId,
      state,
      reversePath: this.reversePath,
      recipients: this.recipients,
      destination: this.destination,
      size: this.size,
      attempts: this.attempts,
      acceptedAt: this.acceptedAt,
      ...(notBefore > 0 && (isDead ? { keptUntil: notBefore } : { notBefore })),
      ...(reason !== '' && { reason }),
      ...(status !== '' && { status }),
      ...(sentence !== null && { sentence }),
    }
  }
}
