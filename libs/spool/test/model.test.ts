import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'

import { MemoryContentLog } from '@cartero/content/memory'
import { SqlWorker } from '@cartero/sql'
import { ManualClock } from '@cartero/wire'
import fc from 'fast-check'

import { Bench, toAll, toEachRecipient, toElsewhere } from '../src/compliance/index.ts'
import { EmbeddedSpool } from '../src/embedded/index.ts'
import type {
  Change,
  Delivery,
  DeliveryId,
  NextHop,
  QueueId,
  RecipientOutcome,
  Routed,
  SpooledMessage,
} from '../src/index.ts'

const root = await mkdtemp(join(tmpdir(), 'cartero-model-'))
const sql = new SqlWorker()
after(async () => {
  await sql.close()
  await rm(root, { recursive: true, force: true })
})

const RUNS = Number(process.env['CARTERO_MODEL_RUNS'] ?? 40)

type Ending = 'delivered' | 'deferred' | 'held' | 'failed' | 'mixed'

type Step =
  | { readonly kind: 'accept'; readonly recipients: number }
  | { readonly kind: 'route' | 'lease' | 'checkpoint' | 'restart' | 'crash' }
  | {
      readonly kind: 'settle'
      readonly which: number
      readonly as: Ending
    }
  | { readonly kind: 'giveBack' | 'release' | 'urge'; readonly which: number }
  | { readonly kind: 'change'; readonly which: number; readonly change: Change }
  | { readonly kind: 'wait'; readonly milliseconds: number }

const which = fc.nat(20)
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('accept' as const), recipients: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ kind: fc.constantFrom('route', 'lease', 'route', 'lease', 'checkpoint', 'restart', 'crash') }),
  fc.record({
    kind: fc.constant('settle' as const),
    which,
    as: fc.constantFrom('delivered', 'delivered', 'deferred', 'held', 'failed', 'mixed', 'mixed'),
  }),
  fc.record({ kind: fc.constantFrom('giveBack', 'release', 'urge'), which }),
  fc.record({
    kind: fc.constant('change' as const),
    which,
    change: fc.constantFrom<Change[]>(
      { kind: 'hold', reason: 'as a test' },
      { kind: 'release' },
      { kind: 'retry' },
      { kind: 'remove' },
      { kind: 'return' },
      { kind: 'expire' },
      { kind: 'reroute', nextHop: { kind: 'remote', domain: 'two.example' } },
      { kind: 'reroute', nextHop: { kind: 'local' } },
      { kind: 'reroute', nextHop: { kind: 'odmr', domain: 'one.example' } },
    ),
  }),
  fc.record({ kind: fc.constant('wait' as const), milliseconds: fc.nat(3_000) }),
)

const MIXED: readonly RecipientOutcome[] = [
  { state: 'delivered' },
  { state: 'deferred', reason: 'later' },
  { state: 'failed', reason: 'as a test' },
]

/** Messages to four go to all of them at once, messages to two or three to other hosts, the others to each apart. */
function routeOf(message: SpooledMessage): Routed {
  const { length } = message.envelope.recipients
  if (length === 4) return toAll(message)
  if (length === 3) return toHosts(message)
  return length === 2 ? toElsewhere(message) : toEachRecipient(message)
}

/** One recipient here, one to a host, and one to a customer. */
function toHosts(message: SpooledMessage): Routed {
  const { deliveries } = toEachRecipient(message)
  return {
    queueId: message.queueId,
    deliveries: deliveries.map(({ recipients }, n) => ({
      nextHop: HOPS[n]!,
      recipients,
    })),
  }
}

const HOPS: readonly NextHop[] = [
  { kind: 'local' },
  { kind: 'remote', domain: 'one.example' },
  { kind: 'odmr', domain: 'home.test' },
]
const CUSTOMERS = ['odmr home.test', 'odmr one.example']
const DESTINATIONS = ['local', 'example.org', 'one.example', 'two.example', ...CUSTOMERS]
/** Longer than a step waits: leases end by themselves in the middle of it all. */
const TERMS = { owner: 'model', expiresIn: 4_000 }

/** What must be true of every message, whatever happens in whatever order. */
class Model {
  /** A crashed spool keeps the old one, which stands still. */
  #clock = new ManualClock()
  readonly #log = new MemoryContentLog()
  readonly #file = join(root, `${Math.random()}.db`)
  readonly #window: number
  /** Recipients of what was accepted and not settled for good. */
  readonly #open = new Map<QueueId, Set<string>>()
  /** Settled as delivered since the last start: after a crash it may come again. */
  readonly #forgettable = new Set<DeliveryId>()
  /** Was forgettable at a crash: may come until it is delivered again. */
  readonly #revived = new Set<DeliveryId>()
  #leased = new Map<DeliveryId, Delivery>()
  /** When leases end by themselves. */
  readonly #until = new Map<DeliveryId, number>()
  #bench!: Bench

  constructor(window: number) {
    this.#window = window
  }

  async open(): Promise<void> {
    const options = { log: this.#log, sql, file: this.#file, clock: this.#clock, window: this.#window }
    this.#bench = await Bench.open(
      async () => ({ content: this.#log, spool: await EmbeddedSpool.open(options) }),
      this.#clock,
    )
  }

  async take(step: Step): Promise<void> {
    const { spool } = this.#bench
    switch (step.kind) {
      case 'accept': {
        const recipients = Array.from({ length: step.recipients }, (_, n) => `user${n}@example.org`)
        this.#open.set(await this.#bench.accept('x', ...recipients), new Set(recipients))
        break
      }
      case 'route':
        for (const batch of await some(spool.arrivals.bind(spool))) await spool.route(batch.map(routeOf))
        break
      case 'lease':
        for (const batch of await some((limit, signal) => spool.lease('local', limit, signal)))
          this.#lease(batch)
        for (const { destination } of await this.#bench.told()) {
          assert.ok(!CUSTOMERS.includes(destination))
          this.#lease(await spool.take(destination, 3, TERMS), true)
        }
        for (const customer of CUSTOMERS) this.#lease(await spool.take(customer, 3, TERMS), true)
        break
      case 'settle':
        await this.#settle(step.which, step.as)
        break
      case 'giveBack': {
        const id = this.#pick(step.which)
        if (id !== undefined) spool.giveBack([id])
        if (id !== undefined) this.#leased.delete(id)
        break
      }
      case 'release': {
        const summaries = await this.#bench.list({})
        const summary = summaries[step.which % Math.max(1, summaries.length)]
        if (summary !== undefined) await this.#bench.change('release', [summary.id])
        break
      }
      case 'urge':
        await spool.urge(DESTINATIONS[step.which % DESTINATIONS.length]!)
        break
      case 'change':
        await this.#change(step.which, step.change)
        break
      case 'wait':
        this.#advance(step.milliseconds)
        break
      case 'checkpoint':
        this.#advance(5_000)
        await this.#bench.settled()
        break
      case 'restart':
        await spool.close()
        this.#forgettable.clear()
        this.#forgetLeases()
        await this.open()
        break
      case 'crash':
        for (const id of this.#forgettable) this.#revived.add(id)
        this.#forgettable.clear()
        this.#forgetLeases()
        this.#clock = new ManualClock(this.#clock.now())
        await this.open()
        break
    }
  }

  /** All of what meets a filter: of one message, or of a destination. */
  async #change(which: number, change: Change): Promise<void> {
    const destination = DESTINATIONS[which % DESTINATIONS.length]!
    const [summary] = await this.#bench.list({}, 1)
    const filter = which % 2 === 0 && summary !== undefined ? { ids: [summary.queueId] } : { destination }
    const before = await this.#bench.list(filter, 1_000)
    const leased = new Set(this.#leased.keys())
    await this.#bench.steer(filter, change)
    if (change.kind !== 'remove') return
    const left = new Set((await this.#bench.list(filter, 1_000)).map(({ id }) => id))
    for (const { id, queueId, recipients } of before) {
      if (left.has(id)) continue
      assert.ok(!leased.has(id), `${id} was removed though it was leased`)
      for (const address of recipients) this.#open.get(queueId)?.delete(address)
      this.#forgettable.delete(id)
      this.#revived.delete(id)
    }
  }

  /** Leases that have come to their end by then are nobody's. */
  #advance(milliseconds: number): void {
    this.#clock.advance(milliseconds)
    for (const [id, until] of this.#until) {
      if (until > this.#clock.now()) continue
      this.#leased.delete(id)
      this.#until.delete(id)
    }
  }

  #forgetLeases(): void {
    this.#leased.clear()
    this.#until.clear()
  }

  #lease(batch: readonly Delivery[], isForAWhile = false): void {
    for (const delivery of batch) {
      this.#until.delete(delivery.id)
      if (isForAWhile) this.#until.set(delivery.id, this.#clock.now() + TERMS.expiresIn)
      assert.ok(!this.#leased.has(delivery.id), `${delivery.id} is leased twice`)
      const { sentence, nextHop } = delivery
      assert.ok(sentence === undefined || nextHop.kind !== 'odmr', 'nobody would give it back')
      const open = this.#open.get(delivery.message.queueId)
      const isOpen = delivery.recipients.every(({ address }) => open?.has(address))
      assert.ok(isOpen || this.#revived.has(delivery.id), `${delivery.id} was delivered long ago`)
      this.#leased.set(delivery.id, delivery)
    }
  }

  #pick(which: number): DeliveryId | undefined {
    return [...this.#leased.keys()][which % Math.max(1, this.#leased.size)]
  }

  async #settle(which: number, state: Ending): Promise<void> {
    const id = this.#pick(which)
    const delivery = id && this.#leased.get(id)
    if (delivery === undefined) return
    this.#leased.delete(delivery.id)
    this.#until.delete(delivery.id)
    const { spool } = this.#bench
    const addresses = delivery.recipients.map(({ address }) => address)
    const notBefore = this.#clock.now() + 2_000
    if (state === 'delivered') {
      await spool.settle([{ id: delivery.id, state }])
      this.#over(delivery, addresses, () => true)
    } else if (state === 'mixed') {
      const recipients = addresses.map((_, n) => MIXED[(n + which) % MIXED.length]!)
      await spool.settle([{ id: delivery.id, state, recipients, notBefore }])
      this.#over(delivery, addresses, (n) => recipients[n]?.state === 'delivered')
    } else if (state === 'deferred') {
      await spool.settle([{ id: delivery.id, state, notBefore, reason: 'later' }])
    } else await spool.settle([{ id: delivery.id, state, reason: 'as a test' }])
  }

  /** Some or all of its recipients are done with. Only what ended as a whole, here, may be forgotten by a crash. */
  #over({ id, message, nextHop }: Delivery, addresses: string[], isDone: (n: number) => boolean): void {
    addresses.forEach((address, n) => isDone(n) && this.#open.get(message.queueId)?.delete(address))
    this.#revived.delete(id)
    if (nextHop.kind === 'local' && addresses.every((_, n) => isDone(n))) this.#forgettable.add(id)
  }

  /** Everything that is open can be delivered; nothing is left then. */
  async finish(): Promise<void> {
    const { spool } = this.#bench
    for (let round = 0; round < 200; round++) {
      spool.giveBack([...this.#leased.keys()])
      this.#forgetLeases()
      const waiting = await this.#bench.list({}, 1_000)
      if (waiting.length === 0) break
      await this.#bench.steer({}, { kind: 'release' })
      await this.#bench.steer({}, { kind: 'retry' })
      await this.take({ kind: 'route' })
      await this.take({ kind: 'lease' })
      while (this.#leased.size > 0) await this.#settle(0, 'delivered')
    }
    const lost = [...this.#open].filter(([, recipients]) => recipients.size > 0)
    assert.deepEqual(lost, [])
    assert.equal(spool.waiting, 0)
    this.#advance(5_000)
    await this.#bench.settled()
    this.#advance(5_000)
    await this.#bench.settled()
    assert.deepEqual(await spool.shape(), [], 'the counters agree that nothing is left')
    assert.deepEqual(await spool.uncollected(), [])
    assert.equal(await spool.count({}), 0)
    await spool.close()
  }
}

/** Batches that are there now, without waiting for more. */
async function some<T>(
  loop: (limit: number, signal: AbortSignal) => AsyncIterable<readonly T[]>,
): Promise<(readonly T[])[]> {
  const end = new AbortController()
  const batches: (readonly T[])[] = []
  const taking = (async () => {
    for await (const batch of loop(5, end.signal)) batches.push(batch)
  })()
  for (let turn = 0; turn < 8; turn++) await new Promise((resolve) => setImmediate(resolve))
  end.abort()
  await taking
  return batches
}

describe('the embedded spool, whatever happens in whatever order', () => {
  it('loses nothing, leases nothing twice, and comes to an end', async () => {
    const steps = fc.array(step, { minLength: 10, maxLength: 80 })
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(4, 1_000), steps, async (window, steps) => {
        const model = new Model(window)
        await model.open()
        for (const one of steps) await model.take(one)
        await model.finish()
      }),
      { numRuns: RUNS },
    )
  })
})
