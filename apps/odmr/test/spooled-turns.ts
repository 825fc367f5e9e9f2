import { destinationOf, type Delivery, type RecipientOutcome, type Spool } from '@cartero/spool'
import type { AttemptFacts, Turn, TurnEnding, TurnOpening, TurnRequest, Turns } from '@cartero/spool/dispatch'
import type { RecipientResult } from '@cartero/spool/notices'
import type { Clock } from '@cartero/wire'

const TERMS = { owner: 'test', expiresIn: 600_000 }
/** More than are under way at once, and fewer than a test may have. */
const PORTION = 5

/** What became of a delivery in a turn. */
export interface End {
  readonly delivery: Delivery
  readonly results: readonly RecipientResult[]
  readonly facts: AttemptFacts
}

/** Turns over a spool, as far as the provider sees them. What they were asked is kept. */
export class SpooledTurns implements Turns {
  readonly asked: TurnRequest[] = []
  readonly ends: End[] = []
  readonly endings: TurnEnding[] = []
  readonly #spool: Spool
  readonly #clock: Clock
  readonly #out = new Set<string>()
  /** Asked before it answers; what it throws is what the spool says. */
  before: (signal: AbortSignal) => Promise<void> = () => Promise.resolve()
  /** What the end of a turn waits for. */
  noted: Promise<void> = Promise.resolve()

  constructor(spool: Spool, clock: Clock) {
    this.#spool = spool
    this.#clock = clock
  }

  /** Nobody has a turn. */
  get isIdle(): boolean {
    return this.#out.size === 0
  }

  async begin(request: TurnRequest, signal: AbortSignal): Promise<TurnOpening> {
    this.asked.push(request)
    await this.before(signal)
    const destinations = request.domains.map((domain) => destinationOf({ kind: 'odmr', domain }))
    if (destinations.some((destination) => this.#out.has(destination))) return { kind: 'busy' }
    for (const destination of destinations) this.#out.add(destination)
    const leave = (): void => destinations.forEach((destination) => this.#out.delete(destination))
    const turn = new SpooledTurn({
      take: async () => {
        for (const destination of destinations) {
          const taken = await this.#spool.take(destination, PORTION, TERMS)
          if (taken.length > 0) return taken
        }
        return []
      },
      settle: (end) => this.#settle(end),
      giveBack: (out) => this.#spool.giveBack([...out].map(({ id }) => id)),
      over: async (ending) => {
        await this.noted
        this.endings.push(ending)
        leave()
      },
    })
    if (await turn.more()) return { kind: 'begun', turn }
    leave()
    return { kind: 'nothing' }
  }

  async #settle(end: End): Promise<void> {
    this.ends.push(end)
    const { delivery, results, facts } = end
    const notBefore = this.#clock.now() + (facts.isCutOff ? 0 : 60_000)
    const { id } = delivery
    await this.#spool.settle([{ id, state: 'mixed', recipients: results.map(outcomeOf), notBefore }])
  }
}

interface TurnSource {
  readonly take: () => Promise<readonly Delivery[]>
  readonly settle: (end: End) => Promise<void>
  readonly giveBack: (out: ReadonlySet<Delivery>) => void
  readonly over: (ending: TurnEnding) => Promise<void>
}

class SpooledTurn implements Turn {
  readonly waiting = 0
  readonly #source: TurnSource
  readonly #out = new Set<Delivery>()
  readonly #seen = new Set<string>()
  readonly #settling = new Set<Promise<void>>()
  #ready: Delivery[] = []
  #isOver = false

  constructor(source: TurnSource) {
    this.#source = source
  }

  next(): Delivery | undefined {
    return this.#ready.shift()
  }

  async more(): Promise<boolean> {
    const taken = await this.#source.take()
    for (const delivery of taken) this.#out.add(delivery)
    this.#ready.push(...taken.filter(({ id }) => !this.#seen.has(id)))
    for (const { id } of taken) this.#seen.add(id)
    return this.#ready.length > 0
  }

  done(delivery: Delivery, results: readonly RecipientResult[], facts: AttemptFacts): void {
    if (!this.#out.delete(delivery)) throw new Error(`${delivery.id} ends twice`)
    this.#settling.add(this.#source.settle({ delivery, results, facts }))
  }

  giveBack(delivery: Delivery): void {
    this.#ready.unshift(delivery)
  }

  async end(how: TurnEnding = { kind: 'stopped' }): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    this.#source.giveBack(this.#out)
    await Promise.all(this.#settling)
    await this.#source.over(how)
  }
}

function outcomeOf(result: RecipientResult): RecipientOutcome {
  if (result.kind === 'failed') return { state: 'returned' }
  if (result.kind !== 'deferred') return { state: 'relayed' }
  const { reason, status } = result
  return { state: 'deferred', reason, status }
}
