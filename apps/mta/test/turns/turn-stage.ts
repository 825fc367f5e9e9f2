import assert from 'node:assert/strict'
import { createLoggerTo, MetricRegistry, type Logger } from '@cartero/agent/telemetry'
import { MemoryContentLog } from '@cartero/content/memory'
import type { Collection as Terms } from '@cartero/contracts/directory'
import { openMemoryDirectory } from '@cartero/directory/memory'
import { destinationOf, type Delivery, type DeliverySummary, type Envelope, type Spool } from '@cartero/spool'
import type { AttemptFacts, Turn, TurnEnding } from '@cartero/spool/dispatch'
import { MemorySpool } from '@cartero/spool/memory'
import { Notices, type NoticeEntry, type RecipientResult } from '@cartero/spool/notices'
import { ManualClock } from '@cartero/wire'
import { TURN_METRICS } from '../../src/metrics.ts'
import { createCollection, type Collection } from '../../src/turns/collection.ts'
import { TURN_SETTINGS, type TurnSettings } from '../../src/turns/settings.ts'

export const SIGNAL: AbortSignal = AbortSignal.timeout(60_000)
export const LETTER = 'Subject: hello\r\n\r\nworld\r\n'
export const FACTS: AttemptFacts = { host: 'home.test', address: '192.0.2.7' }
export const COMPLETE: TurnEnding = { kind: 'complete' }

/** What a customer's server says of everybody. */
export const taken = ({ recipients }: Delivery): RecipientResult[] =>
  recipients.map(() => ({ kind: 'passed', remote: { host: 'home.test', reply: '250 2.0.0 taken' } }))

export const deferred = ({ recipients }: Delivery): RecipientResult[] =>
  recipients.map(() => ({
    kind: 'deferred',
    status: '4.2.2',
    reason: 'home.test said to RCPT: 452 4.2.2 mailbox full',
    remote: { host: 'home.test', reply: '452 4.2.2 mailbox full' },
  }))

export const refused = ({ recipients }: Delivery): RecipientResult[] =>
  recipients.map(() => ({
    kind: 'failed',
    status: '5.1.1',
    reason: 'home.test said to RCPT: 550 5.1.1 nobody of that name',
    remote: { host: 'home.test', reply: '550 5.1.1 nobody of that name' },
  }))

export interface StageOptions {
  readonly settings?: Partial<TurnSettings>
  readonly spool?: Spool
  readonly content?: MemoryContentLog
  readonly clock?: ManualClock
}

export interface ToldLine extends Record<string, unknown> {
  readonly event: string
}

/** Customers of a spool, and what waits for them. The clock stands still. */
export class TurnStage {
  readonly clock: ManualClock
  readonly content: MemoryContentLog
  readonly spool: Spool
  readonly directory = openMemoryDirectory()
  readonly metrics = new MetricRegistry()
  readonly notices: Notices
  readonly told: { readonly entries: readonly NoticeEntry[] }[] = []
  readonly lines: ToldLine[] = []
  readonly collection: Collection

  constructor({
    settings,
    spool,
    content = new MemoryContentLog(),
    clock = new ManualClock(),
  }: StageOptions = {}) {
    this.clock = clock
    this.content = content
    this.spool = spool ?? new MemorySpool({ content, clock })
    const author = {
      hostname: 'mx.edge.test',
      clock,
      random: (octets: number): Uint8Array => new Uint8Array(octets),
    }
    this.notices = new Notices({
      ...author,
      intake: this.spool,
      content,
      sent: (_, __, entries) => this.told.push({ entries }),
    })
    this.collection = createCollection({
      ...author,
      spool: this.spool,
      directory: this.directory,
      notices: this.notices,
      settings: { ...TURN_SETTINGS, ...settings },
      gathering: 0,
      logger: this.#logger(),
      metrics: this.metrics.register(TURN_METRICS),
    })
  }

  /** A customer comes for the mail of this domain. */
  async customer(domain: string, terms: Partial<Terms> = {}): Promise<void> {
    const { domains } = await this.directory.ListDomains({})
    if (!domains.some(({ name }) => name === 'edge.test')) {
      await this.directory.AddDomain({ domain: { name: 'edge.test', catchAll: '', postmaster: '' } })
      await this.directory.AddAccount({
        account: { address: 'fetch@edge.test', disabled: false, quota: 0n },
        password: 'turn it around',
      })
    }
    const collection = { account: 'fetch@edge.test', quota: 0n, keepSeconds: 0n, contact: '', ...terms }
    const domainOf = { name: domain, catchAll: '', postmaster: '', collection }
    if (domains.some(({ name }) => name === domain)) await this.directory.SetDomain({ domain: domainOf })
    else await this.directory.AddDomain({ domain: domainOf })
  }

  /** So many messages wait for the domain, one for each of these recipients. */
  async wait(domain: string, count = 1, wishes: Partial<Envelope> = {}): Promise<void> {
    for (let n = 0; n < count; n++) {
      const draft = this.spool.begin({
        reversePath: 'alice@far.test',
        recipients: [{ address: `user${n}@${domain}` }],
        client: { address: '192.0.2.1', helo: 'far.test', protocol: 'ESMTP' },
        ...wishes,
      })
      await draft.write(Buffer.from(LETTER))
      await draft.commit(Buffer.alloc(0))
    }
    await this.route({ kind: 'odmr', domain }, count)
  }

  /** What was accepted last goes there; notices are for mailboxes here. */
  async route(nextHop: Delivery['nextHop'], count: number): Promise<void> {
    for (let routed = 0; routed < count;)
      for await (const messages of this.spool.arrivals(500, AbortSignal.any([SIGNAL]))) {
        await this.spool.route(
          messages.map(({ queueId, envelope }) => {
            const recipients = envelope.recipients.map(({ address }) => ({ address, account: '' }))
            const hop = envelope.reversePath === '' ? ({ kind: 'local' } as const) : nextHop
            return { queueId, deliveries: [{ nextHop: hop, recipients }] }
          }),
        )
        routed += messages.filter(({ envelope }) => envelope.reversePath !== '').length
        if (routed >= count) break
      }
  }

  begin(domains: readonly string[], sid = 'S1') {
    const request = { account: 'fetch@edge.test', domains, sid, peer: '192.0.2.7' }
    return this.collection.turns.begin(request, SIGNAL)
  }

  async turn(...domains: readonly string[]): Promise<Turn> {
    const opening = await this.begin(domains)
    assert.ok(opening.kind === 'begun', `the turn is ${opening.kind}`)
    return opening.turn
  }

  /** Summaries of what waits for the domain, oldest first. */
  async waiting(domain: string): Promise<readonly DeliverySummary[]> {
    const destination = destinationOf({ kind: 'odmr', domain })
    const { deliveries } = await this.spool.list({ destination }, { limit: 20_000 })
    return deliveries.toReversed()
  }

  /** What was told under this name. */
  lineOf(event: string): ToldLine | undefined {
    return this.lines.findLast((line) => line.event === event)
  }

  #logger(): Logger {
    return createLoggerTo((line) => this.lines.push(JSON.parse(line) as ToldLine), 'debug')
  }
}

/** Takes what a turn has, each with these results, up to so many; ids of what was given. */
export async function take(
  turn: Turn,
  results: (delivery: Delivery) => RecipientResult[] = taken,
  most = Infinity,
): Promise<string[]> {
  const given: string[] = []
  while (given.length < most) {
    const delivery = turn.next()
    if (delivery === undefined) {
      if (await turn.more()) continue
      break
    }
    given.push(delivery.id)
    turn.done(delivery, results(delivery), FACTS)
  }
  return given
}
