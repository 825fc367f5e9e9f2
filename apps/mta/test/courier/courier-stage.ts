import { MemoryContentLog } from '@cartero/content/memory'
import type { HostPolicy, HostsFound, MailHost, TlsPolicy, TlsResult, TlsWish, Way } from '@cartero/routing'
import type { Delivery, DeliveryId, DeliveryRecipient, Envelope, QueueId } from '@cartero/spool'
import type { RecipientResult } from '@cartero/spool/notices'
import { ManualClock, type Clock } from '@cartero/wire'
import type { AttemptFacts } from '@cartero/spool/dispatch'
import { createCourier, type CourierOptions } from '../../src/relay/courier/index.ts'
import type { Courier, LaneFeed, Lane, RunEnding } from '../../src/relay/ports.ts'
import { RELAY_SETTINGS, type RelaySettings } from '../../src/relay/settings.ts'
import type { ScriptedServer } from './scripted-server.ts'

export const LETTER = 'Subject: hello\r\n\r\nthe body\r\n'
export const OPPORTUNISTIC: HostPolicy = { kind: 'use', demand: { kind: 'opportunistic' } }

export interface Done {
  readonly results: readonly RecipientResult[]
  readonly facts: AttemptFacts
}

/** Deliveries in a list; keeps what became of each. */
export class ListFeed implements LaneFeed {
  readonly lane: Lane
  readonly isUrged: boolean
  readonly waiting: Delivery[]
  readonly ends = new Map<DeliveryId, Done>()
  readonly givenBack: Delivery[] = []
  /** Answers of `more`, in their order; then it is time to part. */
  readonly waits: (() => Promise<boolean>)[] = []

  constructor(lane: Lane, deliveries: readonly Delivery[], isUrged = false) {
    this.lane = lane
    this.waiting = [...deliveries]
    this.isUrged = isUrged
  }

  next(): Delivery | undefined {
    return this.waiting.shift()
  }

  more(): Promise<boolean> {
    return this.waits.shift()?.() ?? Promise.resolve(false)
  }

  done(delivery: Delivery, results: readonly RecipientResult[], facts: AttemptFacts): void {
    if (this.ends.has(delivery.id)) throw new Error(`${delivery.id} ends twice`)
    this.ends.set(delivery.id, { results, facts })
  }

  giveBack(delivery: Delivery): void {
    this.givenBack.push(delivery)
    this.waiting.push(delivery)
  }

  /** What became of the first recipient of each, in the order in which it was told. */
  get kinds(): readonly string[] {
    return [...this.ends.values()].map(({ results }) => results[0]!.kind)
  }
}

export interface Letter extends Partial<Envelope> {
  readonly text?: string
  readonly to?: readonly (string | DeliveryRecipient)[]
  readonly prefix?: string
  readonly sender?: string
}

/** One courier, the hosts it finds, and the policy it finds them under. */
export class CourierStage {
  readonly clock: ManualClock
  readonly content: MemoryContentLog
  readonly courier: Courier
  readonly told: TlsResult[] = []
  readonly events: string[] = []
  /** What came of each connection. */
  readonly calls: string[] = []
  hosts: readonly MailHost[]
  found: HostsFound | undefined
  policies: readonly HostPolicy[] | undefined
  policy: Partial<TlsPolicy> = {}
  #count = 0

  constructor(
    servers: readonly ScriptedServer[],
    options: Partial<Omit<CourierOptions, 'settings' | 'clock'>> & {
      readonly settings?: Partial<RelaySettings>
      readonly clock?: Clock
      /** Where letters are kept. */
      readonly store?: MemoryContentLog
    } = {},
  ) {
    this.clock = new ManualClock()
    this.hosts = servers.map(({ port }, i) => host({ name: `mx${i + 1}.test`, port }))
    const { settings, store = new MemoryContentLog(), ...others } = options
    this.content = store
    this.courier = createCourier({
      hostname: 'mail.example.org',
      clock: this.clock,
      content: this.content,
      hosts: { find: async () => this.found ?? foundHosts(this.hosts) },
      policies: { of: async (_way, hosts) => this.#policyOf(hosts) },
      routes: { route: () => undefined },
      settings: { ...RELAY_SETTINGS, loopback: true, ...settings },
      tlsResults: { tell: (result) => this.told.push(result) },
      events: {
        called: (outcome) => this.calls.push(outcome),
        uncertain: (delivery) => this.events.push(`uncertain ${delivery.id}`),
        resting: (_host, milliseconds) => this.events.push(`resting ${milliseconds}`),
        without: (_host, what) => this.events.push(`without ${what}`),
      },
      ...others,
    })
  }

  async letter({
    text = LETTER,
    to = ['bob@example.net'],
    prefix = '',
    sender,
    ...envelope
  }: Letter = {}): Promise<Delivery> {
    const draft = this.content.begin()
    await draft.write(Buffer.from(text))
    const queueId = `Q${++this.#count}` as QueueId
    const recipients = to.map((each) => (typeof each === 'string' ? { address: each, account: '' } : each))
    return {
      id: `${queueId}.1` as DeliveryId,
      message: {
        queueId,
        envelope: {
          reversePath: 'alice@example.org',
          recipients: recipients.map(({ address }) => ({ address })),
          client: { address: '192.0.2.1', helo: 'client.test', protocol: 'ESMTP' },
          ...envelope,
        },
        prefix: Buffer.from(prefix),
        content: await draft.commit(),
        size: Buffer.byteLength(text),
        acceptedAt: this.clock.now(),
      },
      nextHop: { kind: 'remote', domain: 'example.net' },
      recipients,
      attempts: 0,
      reason: '',
      ...(sender !== undefined && { sender }),
    }
  }

  async letters(count: number, letter: Letter = {}): Promise<Delivery[]> {
    return await Promise.all(Array.from({ length: count }, () => this.letter(letter)))
  }

  feed(deliveries: readonly Delivery[], lane: Partial<Lane> & { isUrged?: boolean } = {}): ListFeed {
    const { isUrged, ...others } = lane
    return new ListFeed({ ...LANE, ...others }, deliveries, isUrged)
  }

  run(feed: LaneFeed, signal: AbortSignal = AbortSignal.timeout(20_000)): Promise<RunEnding> {
    return this.courier.run(feed, signal)
  }

  /** A courier that has carried a letter and keeps its connection open, until it is told to part. */
  async idler(): Promise<{ part(): Promise<RunEnding> }> {
    const feed = this.feed([await this.letter()])
    const [isIdle, parting] = [Promise.withResolvers<void>(), Promise.withResolvers<boolean>()]
    feed.waits.push(() => {
      isIdle.resolve()
      return parting.promise
    })
    const running = this.run(feed)
    await isIdle.promise
    return {
      part: () => {
        parting.resolve(false)
        return running
      },
    }
  }

  #policyOf(hosts: readonly MailHost[]): TlsPolicy {
    return {
      type: 'no-policy-found',
      hosts: this.policies ?? hosts.map(() => OPPORTUNISTIC),
      text: [],
      steps: [],
      isTestingOnly: false,
      ...this.policy,
    }
  }
}

const WAY: Way = { kind: 'remote', domain: 'example.net' }
const WISH: TlsWish = { required: false, optional: false }
export const LANE: Lane = { destination: 'example.net', way: WAY, wish: WISH }

export function host(given: Partial<MailHost> & { readonly port: number }): MailHost {
  return { name: 'mx.test', preference: 10, addresses: ['127.0.0.1'], isValidated: false, ...given }
}

function foundHosts(hosts: readonly MailHost[]): HostsFound {
  return { kind: 'hosts', hosts, by: 'mx', steps: [] }
}

/** Lets time go by until the promise is settled: what waits for a clock does not wait for ever. */
export async function withTime<T>(clock: ManualClock, milliseconds: number, promise: Promise<T>): Promise<T> {
  const over = new AbortController()
  const result = promise.finally(() => over.abort())
  while (!over.signal.aborted) {
    await new Promise((resolve) => setImmediate(resolve))
    clock.advance(milliseconds)
  }
  return await result
}
