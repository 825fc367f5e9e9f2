import type { Clock } from '@cartero/wire'
import type { FetchEvents } from './events.ts'
import type { Provider } from './provider.ts'
import type { VisitReport } from './report.ts'
import type { Schedule } from './schedule.ts'
import type { Visit } from './visit.ts'

export interface RoundsOptions {
  readonly provider: Provider
  readonly schedule: Schedule
  readonly events: FetchEvents
  readonly clock: Clock
  /** A visit that has not begun. @param sid as the log names its connection */
  readonly visit: (sid: string) => Visit
}

/** The visits to one provider, one at a time. */
export class Rounds {
  readonly #on: RoundsOptions
  #current: { readonly visit: Visit; readonly report: Promise<VisitReport> } | undefined
  #cancelNext = (): void => {}
  #isLeaving = false
  #count = 0
  /** The last visit, when it is over. */
  last: VisitReport | undefined

  constructor(options: RoundsOptions) {
    this.#on = options
  }

  get provider(): Provider {
    return this.#on.provider
  }

  get isWorrying(): boolean {
    return this.#on.schedule.isWorrying
  }

  /** Goes there now, and from then on by itself, if it is to. */
  begin(): void {
    if (this.provider.tls === 'none') this.#on.events.inTheClear(this.provider)
    if (this.provider.every !== undefined) void this.go()
  }

  /** Goes there now, or joins who is there. Undefined when nobody goes any more. */
  go(): Promise<VisitReport> | undefined {
    if (this.#current === undefined && !this.#isLeaving) this.#go()
    return this.#current?.report
  }

  /** No visit begins any more; fulfilled when the one under way is over, after the message at hand. */
  async leave(): Promise<void> {
    this.#isLeaving = true
    this.#cancelNext()
    this.#current?.visit.leave()
    await this.#current?.report
  }

  /** Ends the visit under way now. */
  cut(): void {
    this.#current?.visit.cut()
  }

  #go(): void {
    this.#cancelNext()
    const sid = `fetch-${this.provider.name}-${(++this.#count).toString(36)}`
    const visit = this.#on.visit(sid)
    this.#on.events.began(this.provider, sid)
    this.#current = { visit, report: this.#run(visit, sid) }
  }

  async #run(visit: Visit, sid: string): Promise<VisitReport> {
    const { provider, schedule, events, clock } = this.#on
    const report = await visit.run().catch((error: unknown): VisitReport => {
      events.bug(provider, error)
      return { end: 'broken', reason: 'an error of ours', sid, messages: 0, octets: 0, milliseconds: 0 }
    })
    const wait = schedule.after(report)
    const next = this.#isLeaving ? undefined : wait
    this.last = report
    this.#current = undefined
    events.ended(provider, report, next)
    if (next !== undefined) this.#cancelNext = clock.after(next, () => void this.go())
    return report
  }
}
