import type { Way } from '@cartero/routing'
import { MemoryContentLog } from '@cartero/content/memory'
import type { Delivery, DeliverySummary, Envelope, NextHop, Outcome, QueueId } from '@cartero/spool'
import { MemorySpool } from '@cartero/spool/memory'
import { Notices, type NoticeEntry, type RecipientResult, type Trouble } from '@cartero/spool/notices'
import { ManualClock } from '@cartero/wire'
import type { AttemptFacts } from '@cartero/spool/dispatch'

import type { WayLimits } from '../../src/relay/floor.ts'
import type { Courier, LaneFeed, RunEnding } from '../../src/relay/ports.ts'
import { Relay } from '../../src/relay/relay.ts'
import { RELAY_SETTINGS, type RelaySettings } from '../../src/relay/settings.ts'
import type { Ending } from '../../src/relay/settler.ts'

export const REFUSED: Trouble = {
  kind: 'deferred',
  status: '4.4.1',
  reason: 'mx.dead.test: connection refused',
}

/** How the hosts of a destination behave. */
export type Behaviour = (feed: LaneFeed, signal: AbortSignal) => Promise<RunEnding>

export const relayed = (delivery: Delivery): RecipientResult[] =>
  delivery.recipients.map(() => ({ kind: 'relayed', remote: { host: 'mx.test', reply: '250 2.0.0 taken' } }))

export const deferred = (delivery: Delivery, trouble: Trouble = REFUSED): RecipientResult[] =>
  delivery.recipients.map(() => trouble)

export const FACTS: AttemptFacts = { host: 'mx.test', address: '192.0.2.25' }

/** Nobody answers. */
export const refusing =
  (trouble: Trouble = REFUSED): Behaviour =>
  () =>
    Promise.resolve({ kind: 'unreachable', trouble, facts: {} })

/** Takes all there is, at once, and tells how many it had. */
export const taking =
  (results: (delivery: Delivery) => RecipientResult[] = relayed): Behaviour =>
  async (feed, signal) => {
    for (;;) {
      for (let next = feed.next(); next !== undefined; next = feed.next())
        feed.done(next, results(next), FACTS)
      if (signal.aborted || !(await feed.more())) return { kind: 'served', isCut: false }
    }
  }

/** Takes one after another, and each only when the test says so. */
export class Gate {
  #waiting: (() => void)[] = []
  /** Deliveries under way. */
  readonly under = new Set<Delivery>()

  readonly behaviour: Behaviour = async (feed, signal) => {
    for (;;) {
      for (let next = feed.next(); next !== undefined; next = feed.next()) {
        this.under.add(next)
        await new Promise<void>((resolve) => {
          this.#waiting.push(resolve)
          signal.addEventListener('abort', () => resolve(), { once: true })
        })
        this.under.delete(next)
        if (signal.aborted) {
          feed.giveBack(next)
          return { kind: 'idle' }
        }
        feed.done(next, relayed(next), FACTS)
      }
      if (!(await feed.more())) return { kind: 'served', isCut: false }
    }
  }

  open(count = Infinity): void {
    for (const go of this.#waiting.splice(0, count)) go()
  }
}

export interface StageOptions {
  readonly settings?: Partial<RelaySettings>
  readonly limitsOf?: (way: Way) => WayLimits
  readonly random?: () => number
  readonly gathering?: number
}

/** The relay over a spool in memory, with couriers that only say how it went. The clock stands still. */
export class RelayStage implements AsyncDisposable {
  readonly clock = new ManualClock()
  readonly content = new MemoryContentLog()
  readonly spool: MemorySpool
  readonly relay: Relay
  /** By destination; who is not named takes everything. */
  readonly hosts = new Map<string, Behaviour>()
  /** Runs under way, and the most there ever were, by destination. */
  readonly running = new Map<string, number>()
  readonly most = new Map<string, number>()
  readonly runs: { readonly destination: string; readonly at: number; readonly isUrged: boolean }[] = []
  readonly ended: { readonly ending: Ending; readonly outcome: Outcome }[] = []
  readonly told: string[] = []
  readonly notices: { readonly at: number; readonly entries: readonly NoticeEntry[] }[] = []
  readonly errors: unknown[] = []
  readonly #leaving = new AbortController()
  #loop: Promise<void> = Promise.resolve()

  constructor({ settings, limitsOf, random = () => 0.5, gathering = 0 }: StageOptions = {}) {
    const { clock } = this
    this.spool = new MemorySpool({ content: this.content, clock })
    const notices = new Notices({
      intake: this.spool,
      content: this.content,
      hostname: 'mta.test',
      clock,
      random: (octets) => new Uint8Array(octets),
      sent: (_, __, entries) => this.notices.push({ at: clock.now(), entries }),
    })
    const courier: Courier = { run: (feed, signal) => this.#run(feed, signal) }
    this.relay = new Relay({
      spool: this.spool,
      queue: this.spool,
      notices,
      courier,
      settings: { ...RELAY_SETTINGS, ...settings },
      ...(limitsOf && { limitsOf }),
      gathering,
      owner: 'test',
      clock,
      random,
      events: {
        relayed: (ending, outcome) => this.ended.push({ ending, outcome }),
        unsettled: (error) => this.errors.push(error),
        notTaken: (error) => this.errors.push(error),
        unreachable: ({ destination }) => this.told.push(`unreachable ${destination}`),
        recovered: ({ destination }) => this.told.push(`recovered ${destination}`),
        bug: (error) => this.errors.push(error),
      },
    })
  }

  start(): void {
    this.#loop = this.relay.run(this.#leaving.signal)
  }

  /** Accepted and routed: one delivery to that destination. */
  async send(destination: string, wishes: Partial<Envelope> = {}): Promise<QueueId> {
    const [id] = await this.sendMany(1, destination, wishes)
    return id!
  }

  async sendMany(count: number, destination: string, wishes: Partial<Envelope> = {}): Promise<QueueId[]> {
    const address = `somebody@${destination}`
    const client = { address: '192.0.2.1', helo: 'client.test', protocol: 'ESMTP' }
    const envelope = { reversePath: 'me@here.test', recipients: [{ address }], client, ...wishes }
    const ids: QueueId[] = []
    for (let n = 0; n < count; n++) {
      const draft = this.spool.begin(envelope)
      await draft.write(Buffer.from('Subject: hello\r\n\r\nworld\r\n'))
      ids.push(await draft.commit(Buffer.alloc(0)))
    }
    const nextHop: NextHop = { kind: 'remote', domain: destination }
    const recipients = envelope.recipients.map(({ address }) => ({ address, account: '' }))
    await this.spool.route(ids.map((queueId) => ({ queueId, deliveries: [{ nextHop, recipients }] })))
    return ids
  }

  /** Everything that can happen at this moment has happened. */
  async quiet(turns = 30): Promise<void> {
    for (let n = 0; n < turns; n++) await new Promise(setImmediate)
  }

  /** Time goes by, in steps, so that everything happens when it is due. */
  async pass(milliseconds: number, step: number = milliseconds): Promise<void> {
    for (let left = milliseconds; left > 0; left -= step) {
      this.clock.advance(Math.min(step, left))
      await this.quiet(8)
    }
  }

  async waiting(): Promise<readonly DeliverySummary[]> {
    return (await this.spool.list({}, { limit: 100 })).deliveries.filter(
      ({ destination }) => destination !== '',
    )
  }

  /** Deliveries of that destination that another host has. */
  relayedTo(destination: string): number {
    return this.ended.filter(
      ({ ending, outcome }) => ending.lane.destination === destination && outcome.state === 'delivered',
    ).length
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leaving.abort()
    await this.#loop
    await this.spool.close()
  }

  async #run(feed: LaneFeed, signal: AbortSignal): Promise<RunEnding> {
    const { destination } = feed.lane
    const running = (this.running.get(destination) ?? 0) + 1
    this.running.set(destination, running)
    this.most.set(destination, Math.max(running, this.most.get(destination) ?? 0))
    this.runs.push({ destination, at: this.clock.now(), isUrged: feed.isUrged === true })
    try {
      return await (this.hosts.get(destination) ?? taking())(feed, signal)
    } finally {
      this.running.set(destination, this.running.get(destination)! - 1)
    }
  }
}
