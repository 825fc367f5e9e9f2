import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatPath, parseForwardPath, parseReversePath } from '@cartero/smtp'
import {
  serveErrand,
  SmtpClientMachine,
  type ClientEnding,
  type OutgoingTransaction,
  type RecipientOutcome,
  type SmtpErrand,
} from '@cartero/smtp/client'
import {
  reply,
  serveSession,
  SmtpServerMachine,
  type Reply,
  type ServedSession,
  type Verdict,
} from '@cartero/smtp/server'
import { cut, Pump } from './pump.ts'

/** What the server says to the next thing it is asked; it begins anew when all was said. */
type Mood = 'yes' | 'later' | 'never' | 'bug'

interface Plan {
  readonly to: readonly string[]
  readonly text: string
  readonly streamed: boolean
  /** After so many octets it cannot be read on; only what is streamed. */
  readonly readable: number
}

interface Setting {
  readonly plans: readonly Plan[]
  readonly moods: readonly Mood[]
  readonly protocol: 'smtp' | 'lmtp'
  /** Extensions that the server keeps to itself. */
  readonly hidden: readonly string[]
  readonly recipients: number
  readonly inFlight: number
  readonly ahead: boolean
  readonly cuts: readonly number[]
  /** After so many octets from the client the connection breaks, or the server is about to leave. */
  readonly breakAfter: number
  readonly drainAfter: number
}

/** A message that the server has taken responsibility for. */
interface Taken {
  readonly sender: string
  readonly recipients: readonly string[]
  readonly text: string
}

/** A server that takes what it is in the mood for, and remembers it. */
class MoodySession {
  readonly taken: Taken[] = []
  readonly #moods: readonly Mood[]
  #asked = 0
  #sender = ''
  #recipients: string[] = []
  #text = ''

  constructor(moods: readonly Mood[]) {
    this.#moods = moods
  }

  served(): ServedSession {
    const session: ServedSession = {
      mail: ({ reversePath }) => {
        this.#forget()
        this.#sender = formatPath(reversePath)
        return this.#verdict()
      },
      rcpt: ({ forwardPath }) => {
        const verdict = this.#verdict()
        if (verdict === undefined) this.#recipients.push(formatPath(forwardPath))
        return verdict
      },
      data: () => this.#verdict(),
      body: (octets) => void (this.#text += octets.toString('latin1')),
      endOfData: () => {
        const verdict = this.#verdict()
        return verdict ?? this.#take(this.#recipients)
      },
      endOfDataForEach: () => {
        const verdicts = this.#recipients.map(() => this.#verdict())
        const takers = this.#recipients.filter((_, i) => verdicts[i] === undefined)
        const ok = this.#take(takers)
        return verdicts.map((verdict) => verdict ?? ok)
      },
      reset: () => this.#forget(),
    }
    return session
  }

  #take(recipients: readonly string[]): Reply {
    this.taken.push({ sender: this.#sender, recipients, text: this.#text })
    this.#forget()
    return reply(250, undefined, 'taken')
  }

  #forget(): void {
    this.#recipients = []
    this.#text = ''
  }

  #verdict(): Verdict {
    const mood = this.#moods[this.#asked++ % this.#moods.length]
    if (mood === 'bug') throw new TypeError('a bug')
    if (mood === 'later') return reply(450, undefined, 'later')
    return mood === 'never' ? reply(550, undefined, 'never') : undefined
  }
}

interface Run {
  readonly settled: ReadonlyMap<number, readonly (readonly RecipientOutcome[])[]>
  readonly given: number
  readonly taken: readonly Taken[]
  readonly endings: readonly ClientEnding[]
  readonly said: string
}

async function run(setting: Setting): Promise<Run> {
  const session = new MoodySession(setting.moods)
  const settled = new Map<number, (readonly RecipientOutcome[])[]>()
  const endings: ClientEnding[] = []
  const transactions = setting.plans.map(transactionOf)
  let given = 0
  const next = (): OutgoingTransaction | undefined => transactions[given] && transactions[given++]
  const errand: SmtpErrand = {
    next,
    ...(setting.ahead ? { more: next } : {}),
    settled: (transaction, outcomes) => {
      const place = transactions.indexOf(transaction)
      settled.set(place, [...(settled.get(place) ?? []), outcomes])
    },
    closed: (how) => void endings.push(how),
  }
  const served = session.served()
  const server = new Pump(
    new SmtpServerMachine(served, {
      hostname: 'mx.example',
      protocol: setting.protocol,
      limits: { recipients: setting.recipients, errors: 1000, junk: 1000 },
    }),
    serveSession(served),
  )
  const client = new Pump(
    new SmtpClientMachine(errand, {
      hostname: 'client.example',
      protocol: setting.protocol,
      limits: {
        transactionsInFlight: setting.inFlight,
        chunk: 7,
        chunksInFlight: 3,
        unbidden: 20,
        commandsInFlight: 9,
      },
    }),
    serveErrand(errand),
  )
  const said = await converse(client as unknown as AnyPump, server as unknown as AnyPump, setting)
  return { settled, given, taken: session.taken, endings, said }
}

type AnyPump = Pump<never, never>

/** Lets both talk until nobody has anything to say, or the connection breaks. */
async function converse(client: AnyPump, server: AnyPump, setting: Setting): Promise<string> {
  let said = ''
  let octets = 0
  for (let idle = 0; idle < 2 && octets < setting.breakAfter;) {
    const answers = hide((await server.run()).toString('latin1'), setting.hidden)
    for (const chunk of cut(Buffer.from(answers, 'latin1'), setting.cuts)) {
      if (client.closed) break
      client.machine.receive(chunk)
      client.hold(await client.run())
    }
    const words = await client.run()
    said += words.toString('latin1')
    for (const chunk of cut(words, setting.cuts)) {
      if (server.closed || octets >= setting.breakAfter) break
      octets += chunk.length
      server.machine.receive(chunk)
      if (octets >= setting.drainAfter) server.machine.drain()
      server.hold(await server.run())
    }
    idle = answers.length + words.length === 0 ? idle + 1 : 0
  }
  client.machine.disconnected()
  server.machine.disconnected()
  return said
}

function hide(answers: string, hidden: readonly string[]): string {
  return hidden.reduce(
    (text, name) => text.replace(new RegExp(`^250([ -])${name}\\b`, 'm'), '250$1XHIDDEN'),
    answers,
  )
}

/** Each plan has a sender and a first line of its own, so that nothing can be taken for something else. */
function transactionOf(plan: Plan, i: number): OutgoingTransaction {
  const octets = Buffer.from(textOf(plan, i), 'latin1')
  return {
    reversePath: parseReversePath(`a${i}@client.example`)!,
    recipients: plan.to.map((name) => ({ path: parseForwardPath(name)! })),
    body: '8bit',
    content: plan.streamed ? () => read(octets, plan.readable) : octets,
  }
}

function textOf({ text }: Plan, i: number): string {
  return `${i}: ${text}`
}

async function* read(octets: Buffer, readable: number): AsyncIterable<Uint8Array> {
  for (let i = 0; i < octets.length; i += 3) {
    if (i >= readable) throw new Error('the disk is gone')
    yield octets.subarray(i, i + 3)
  }
}

/** The message as a server must get it. */
function framed(text: string): string {
  const lines = text.replaceAll(/\r\n|\r|\n/g, '\r\n')
  return lines.endsWith('\r\n') ? lines : `${lines}\r\n`
}

function check(setting: Setting, result: Run): void {
  const { plans } = setting
  assert.equal(result.endings.length, 1, 'closed once')
  assert.equal(result.settled.size, result.given, 'given and not settled')
  for (const [i, times] of result.settled) {
    assert.equal(times.length, 1, 'settled once')
    assert.deepEqual(
      times[0]!.map(({ recipient }) => formatPath(recipient)),
      plans[i]!.to,
    )
  }
  checkTaken(setting, result)
}

function checkTaken({ plans, inFlight, ahead }: Setting, { taken, settled }: Run): void {
  const served = new Map<number, string[]>()
  for (const { sender, recipients, text } of taken) {
    const i = Number(/^a(\d+)@/.exec(sender)![1])
    assert.equal(text, framed(textOf(plans[i]!, i)), 'half a message, or that of another')
    served.set(i, [...(served.get(i) ?? []), ...recipients])
  }
  let unknown = 0
  for (const [i, recipients] of served) {
    assert.equal(new Set(recipients).size, recipients.length, 'the same recipient twice')
    const outcomes = settled.get(i)![0]!
    const delivered = outcomes
      .filter(({ kind }) => kind === 'delivered')
      .map((each) => formatPath(each.recipient))
    assert.ok(
      recipients.every((each) => plans[i]!.to.includes(each)),
      'recipients of another message',
    )
    if (delivered.length < recipients.length) unknown++
  }
  assert.ok(unknown <= (ahead ? inFlight : 1), 'more duplicates than messages under way')
  for (const [i, [outcomes]] of settled) {
    for (const { kind, recipient } of outcomes!) {
      const isTaken = served.get(i)?.includes(formatPath(recipient)) === true
      if (kind === 'delivered') assert.ok(isTaken, 'delivered and not taken')
      if (kind === 'failed') assert.ok(!isTaken, 'failed and yet taken')
    }
  }
}

const names = ['b@one.example', 'c@one.example', 'd@two.example', 'e@two.example', 'f@three.example']
const text = fc
  .array(
    fc.constantFrom('.', 'a', 'é', '\r\n', '\r\n.', '\r\n.\r\n', '\n', '\r', 'MAIL FROM:<x@y>\r\n', 'QUIT'),
    {
      maxLength: 12,
    },
  )
  .map((parts) => parts.join(''))
const plan: fc.Arbitrary<Plan> = fc.record({
  to: fc.subarray(names, { minLength: 1 }),
  text,
  streamed: fc.boolean(),
  readable: fc.oneof(
    { weight: 5, arbitrary: fc.constant(1000) },
    { weight: 1, arbitrary: fc.nat({ max: 20 }) },
  ),
})
const moods = fc.array(fc.constantFrom<Mood[]>('yes', 'yes', 'yes', 'yes', 'later', 'never', 'bug'), {
  minLength: 1,
  maxLength: 12,
})
const setting: fc.Arbitrary<Setting> = fc.record({
  plans: fc.array(plan, { minLength: 1, maxLength: 6 }),
  moods,
  protocol: fc.constantFrom<('smtp' | 'lmtp')[]>('smtp', 'smtp', 'lmtp'),
  hidden: fc.subarray(['PIPELINING', 'CHUNKING', 'LIMITS']),
  recipients: fc.integer({ min: 1, max: 6 }),
  inFlight: fc.integer({ min: 1, max: 4 }),
  ahead: fc.boolean(),
  cuts: fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 4 }),
  breakAfter: fc.constant(Infinity),
  drainAfter: fc.constant(Infinity),
})

test('whatever a server refuses, each message is settled once, and nobody is delivered what was not taken', async () => {
  await fc.assert(
    fc.asyncProperty(setting, async (each) => {
      const result = await run(each)
      check(each, result)
      const isWhole = each.plans.every(({ readable, streamed }) => !streamed || readable === 1000)
      // Told of no limit, a client goes beyond it and is sent away.
      const isTold = each.recipients >= names.length || !each.hidden.includes('LIMITS')
      if (!isWhole || !isTold) return
      assert.equal(result.endings[0]!.kind, 'quit', result.said)
      assert.equal(result.given, each.plans.length)
      // Nothing broke: what was taken is known to have been.
      const delivered = [...result.settled.values()].flat(2).filter(({ kind }) => kind === 'delivered').length
      assert.equal(
        delivered,
        result.taken.reduce((sum, { recipients }) => sum + recipients.length, 0),
      )
    }),
    { numRuns: 300 },
  )
})

test('however octets are cut, the same is said and the same becomes of everybody', async () => {
  await fc.assert(
    fc.asyncProperty(setting, async (each) => {
      const whole = await run({ ...each, cuts: [] })
      assert.deepEqual(await run(each), whole)
      assert.deepEqual(await run({ ...each, cuts: [1] }), whole)
    }),
    { numRuns: 100 },
  )
})

test('wherever the connection breaks, nobody is called delivered who is not, and duplicates are as many as were under way', async () => {
  const breaking = fc.record({ breakAfter: fc.nat({ max: 900 }), drainAfter: fc.constant(Infinity) })
  await fc.assert(
    fc.asyncProperty(setting, breaking, async (each, broken) => {
      const whole = { ...each, ...broken }
      check(whole, await run(whole))
    }),
    { numRuns: 300 },
  )
})

test('whenever the server leaves, each message is settled once', async () => {
  await fc.assert(
    fc.asyncProperty(setting, fc.nat({ max: 900 }), async (each, drainAfter) => {
      const leaving = { ...each, drainAfter }
      check(leaving, await run(leaving))
    }),
    { numRuns: 200 },
  )
})
