import type { DestinationName } from '../queue.ts'
import { DueDestinations } from './due-destinations.ts'
import type { SpoolParts } from './parts.ts'
import { WakeUp } from './wake-up.ts'

/** Subjects of the news board. */
export const WORK_ARRIVED = 'work.arrived'
export const WORK_LOCAL = 'work.local'
export const WORK_DUE = 'work.due'

/** Who waits for work, here and elsewhere, and how he is told that there is some. */
export class Loops {
  readonly #parts: SpoolParts
  readonly #name: Buffer
  readonly unrouted: WakeUp
  readonly local: WakeUp
  readonly due: DueDestinations

  constructor(parts: SpoolParts, ended: AbortSignal) {
    const { clock, news, holder } = parts
    this.#parts = parts
    this.#name = Buffer.from(holder)
    this.unrouted = new WakeUp(clock)
    this.local = new WakeUp(clock)
    this.due = new DueDestinations(parts, ended)
    this.unrouted.hear(news, WORK_ARRIVED, holder, ended)
    this.local.hear(news, WORK_LOCAL, holder, ended)
    this.due.wakeUp.hear(news, WORK_DUE, holder, ended)
  }

  arrived(): void {
    this.unrouted.ring()
    this.#tell(WORK_ARRIVED)
  }

  /** Something is ready for a destination; '' is the router's. */
  ready(destination: DestinationName, urgency: number, isUrged = false): void {
    if (destination === '') return this.arrived()
    if (destination === 'local') {
      this.local.ring()
      return this.#tell(WORK_LOCAL)
    }
    this.due.post(destination, urgency, isUrged)
    this.#tell(WORK_DUE)
  }

  /** Something will be due then. */
  readyAt(destination: DestinationName, time: number): void {
    if (destination === 'local') this.local.ringAt(time)
    else if (destination === '') this.unrouted.ringAt(time)
    else this.due.wakeUp.ringAt(time)
  }

  #tell(subject: string): void {
    this.#parts.news.tell(subject, this.#name)
  }
}
