import type { Delivery, Spool } from '@cartero/spool'
import { lastMoment, type Notices, type Trouble } from '@cartero/spool/notices'
import { enhancedStatus } from '@cartero/syntax'
import { pause, type Clock } from '@cartero/wire'
import type { Events } from './events.ts'

/** Deliveries looked at together. */
const BATCH = 100

/** How often somebody looks whether there is a way out. */
const LOOK_AGAIN_MS = 3_600_000

/** How long to wait after the spool or a notice failed. */
const RETRY_MS = 5_000

const NO_WAY_OUT: Trouble = {
  kind: 'deferred',
  status: enhancedStatus(4, 'unableToRoute'),
  reason: 'this system sends no mail to other hosts',
}

export interface WaitingRoomDependencies {
  readonly spool: Spool
  readonly notices: Notices
  readonly clock: Clock
  readonly events: Events
}

/**
 * Where mail for other hosts waits, in sight of the operator, as long as nobody relays it: notices to senders elsewhere, and
 * nothing else, since submission refuses strangers. What has waited for too long becomes a dead letter.
 */
export class WaitingRoom {
  readonly #on: WaitingRoomDependencies

  constructor(dependencies: WaitingRoomDependencies) {
    this.#on = dependencies
  }

  /** Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { spool, events, clock } = this.#on
    for await (const batch of spool.lease('remote', BATCH, signal)) {
      try {
        await this.#look(batch)
      } catch (error) {
        events.routingFailed(error)
        await pause(clock, RETRY_MS, signal)
        spool.giveBack(batch.map(({ id }) => id))
      }
    }
  }

  async #look(batch: readonly Delivery[]): Promise<void> {
    const { spool, notices, clock } = this.#on
    const outcomes = []
    for (const delivery of batch) {
      const end = lastMoment(delivery.message, notices.settings)
      const retryAt = Math.min(clock.now() + LOOK_AGAIN_MS, Math.max(end, clock.now()))
      const results = delivery.recipients.map(() => NO_WAY_OUT)
      outcomes.push(await notices.conclude(delivery, results, retryAt))
    }
    await spool.settle(outcomes)
  }
}
