// Both sides of a turn, without sockets: the provider serves and then sends, the customer asks and then serves.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatPath } from '@cartero/smtp'
import {
  parseForwardPath,
  parseReversePath,
  serveErrand,
  SmtpClientMachine,
  type ClientEnding,
  type OutgoingTransaction,
  type SmtpErrand,
} from '@cartero/smtp/client'
import {
  replies,
  serveSession,
  SmtpServerMachine,
  type Ending,
  type ServedSession,
  type SmtpServerOptions,
} from '@cartero/smtp/server'
import type { Role } from '@cartero/wire'
import { cut, Pump } from './pump.ts'

/** What was sent by one side and taken by the other, and how each conversation ended. */
interface Story {
  readonly taken: string[]
  readonly settled: string[]
  readonly endings: string[]
  answer: number
}

const newStory = (): Story => ({ taken: [], settled: [], endings: [], answer: 0 })

/** Gives these messages, one behind the other. */
function sender(story: Story, contents: readonly string[], ahead: boolean): Role {
  const waiting = contents.map((content, i): OutgoingTransaction => ({
    reversePath: parseReversePath(`sender${i}@far.example`)!,
    recipients: [{ path: parseForwardPath(`tim${i}@home.example`)! }],
    content: Buffer.from(content),
  }))
  const errand: SmtpErrand = {
    next: () => waiting.shift(),
    ...(ahead && { more: () => waiting.shift() }),
    settled: (_, outcomes) => {
      for (const { recipient, kind } of outcomes) story.settled.push(`${formatPath(recipient)} ${kind}`)
    },
    closed: (how) => void story.endings.push(`sender ${how.kind}`),
  }
  const machine = new SmtpClientMachine(errand, { hostname: 'odmr.example' })
  return { machine, decide: serveErrand(errand) }
}

/** Takes what comes. */
function taker(story: Story): Role {
  let pieces: Buffer[] = []
  const session: ServedSession = {
    mail: () => undefined,
    rcpt: () => undefined,
    data: () => undefined,
    body: (octets) => void pieces.push(Buffer.from(octets)),
    endOfData: () => {
      story.taken.push(Buffer.concat(pieces).toString())
      pieces = []
      return replies.queued(String(story.taken.length))
    },
    reset: () => void (pieces = []),
    closed: (how: Ending) => void story.endings.push(`taker ${how}`),
  }
  return {
    machine: new SmtpServerMachine(session, { hostname: 'home.example' }),
    decide: serveSession(session),
  }
}

/** The provider, whose customers are all logged in by XCLIENT, which takes no more than a line. */
function provider(story: Story, later: Role, options: Partial<SmtpServerOptions> = {}): Role {
  const session: ServedSession = {
    mail: () => undefined,
    rcpt: () => undefined,
    data: () => undefined,
    body: () => undefined,
    endOfData: () => replies.done,
    reset: () => undefined,
    xclient: () => undefined,
    turn: async (domains) => {
      story.answer++
      return domains.join() === 'home.example' ? { reply: replies.turning, role: later } : replies.turnRefused
    },
    closed: (how) => void story.endings.push(`provider ${how}`),
  }
  const machine = new SmtpServerMachine(session, { hostname: 'odmr.example', ...options })
  return { machine, decide: serveSession(session) }
}

function customer(story: Story, later: Role): Role {
  const asked: string[][] = [['other.example'], ['home.example']]
  const errand: SmtpErrand = {
    next: () => {
      const domains = asked.shift()
      if (domains === undefined) return undefined
      return { command: { verb: 'ATRN', domains }, heard: ({ code }) => (code === 250 ? later : undefined) }
    },
    settled: () => undefined,
    closed: (how: ClientEnding) => void story.endings.push(`customer ${how.kind}`),
  }
  const machine = new SmtpClientMachine(errand, {
    hostname: 'home.example',
    xclient: { login: 'tim' },
  })
  return { machine, decide: serveErrand(errand) }
}

/** One end of a connection: what drives it now, and what has driven it. */
class End {
  readonly machines: Role['machine'][] = []
  #pump!: Pump<unknown, unknown>

  constructor(role: Role) {
    this.#take(role)
  }

  get closed(): boolean {
    return this.#pump.closed
  }

  #take({ machine, decide }: Role): void {
    this.machines.push(machine)
    this.#pump = new Pump(machine, decide)
  }

  async hears(pieces: readonly Buffer[]): Promise<Buffer> {
    const said: Buffer[] = []
    for (const piece of pieces) {
      this.#pump.machine.receive(piece)
      said.push(await this.says())
    }
    return Buffer.concat(said)
  }

  async says(): Promise<Buffer> {
    const said = await this.#pump.run()
    const next = this.#pump.turnedTo
    if (next === undefined) return said
    this.#take(next)
    return Buffer.concat([said, await this.says()])
  }

  disconnected(): void {
    this.#pump.machine.disconnected()
  }
}

/** Lets both talk until nobody says anything, or until so many turns were taken, and then breaks the connection. */
async function talk(ends: readonly [End, End], sizes: readonly number[], most = 10_000): Promise<void> {
  const [first, second] = ends
  let toSecond = await first.says()
  let toFirst = await second.says()
  for (let turns = 0; turns < most && toFirst.length + toSecond.length > 0; turns++) {
    const [hearsFirst, hearsSecond] = [toFirst, toSecond]
    toSecond = await first.hears(cut(hearsFirst, sizes))
    toFirst = await second.hears(cut(hearsSecond, sizes))
  }
  for (const end of ends) end.disconnected()
}

const CONTENTS = [
  'Subject: one\r\n\r\nHello.\r\n',
  'Subject: two\r\n\r\n..\r\n',
  'Subject: three\r\n\r\n220 me\r\n',
]

const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 5 })
const contents = fc.array(fc.constantFrom(...CONTENTS), { maxLength: 6 })

test('however octets are cut, mail goes the other way after a turn, and each conversation ends once', async () => {
  await fc.assert(
    fc.asyncProperty(sizes, contents, fc.boolean(), async (cuts, messages, ahead) => {
      const story = newStory()
      const ends = [
        new End(provider(story, sender(story, messages, ahead), { protocol: 'smtp' })),
        new End(customer(story, taker(story))),
      ] as const
      await talk(ends, cuts)
      assert.deepEqual(story.taken, messages)
      assert.deepEqual(
        story.settled,
        messages.map((_, i) => `tim${i}@home.example delivered`),
      )
      assert.deepEqual(story.endings.toSorted(), [
        'customer turned',
        'provider turned',
        'sender quit',
        'taker quit',
      ])
      assert.equal(story.answer, 2, 'the request for domains of others was not answered by itself')
    }),
    { numRuns: 100 },
  )
})

test('wherever the connection breaks, everybody hears of it once, and nobody is told what is not so', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(60), sizes, fc.boolean(), async (most, cuts, ahead) => {
      const story = newStory()
      const ends = [
        new End(provider(story, sender(story, CONTENTS, ahead))),
        new End(customer(story, taker(story))),
      ] as const
      await talk(ends, cuts, most)
      const who = story.endings.map((ending) => ending.split(' ')[0]!)
      assert.deepEqual([...new Set(who)], who, `twice: ${story.endings.join()}`)
      assert.ok(who.includes('provider') && who.includes('customer'))
      // Those who took over are told once more, and those who did not are not there.
      assert.equal(who.includes('sender'), ends[0].machines.length > 1)
      assert.equal(who.includes('taker'), ends[1].machines.length > 1)
      const delivered = story.settled.filter((outcome) => outcome.endsWith(' delivered'))
      assert.ok(delivered.length <= story.taken.length, 'delivered is what nobody took')
    }),
    { numRuns: 200 },
  )
})

test('a customer that talks on after its request has nothing turned, wherever what it says is cut', async () => {
  await fc.assert(
    fc.asyncProperty(sizes, fc.constantFrom('220 home.example\r\n', 'M', '\r\n'), async (cuts, more) => {
      const story = newStory()
      const end = new End(provider(story, sender(story, CONTENTS, false)))
      await end.says()
      const script = Buffer.from('XCLIENT LOGIN=tim\r\nEHLO home.example\r\n')
      await end.hears(cut(script, cuts))
      const said = await end.hears([Buffer.from(`ATRN home.example\r\n${more}`)])
      assert.equal(said.toString(), '503 5.5.0 Nothing may be pipelined behind ATRN\r\n')
      assert.equal(end.machines.length, 1)
      assert.ok(end.closed)
    }),
  )
})

test('a connection that breaks between the answer and the turn leaves no role that waits for ever', async () => {
  const story = newStory()
  const { machine, decide } = provider(story, sender(story, CONTENTS, false))
  const pump = new Pump(machine, decide)
  await pump.run()
  machine.receive(Buffer.from('XCLIENT LOGIN=tim\r\n'))
  await pump.run()
  machine.receive(Buffer.from('EHLO home.example\r\n'))
  await pump.run()
  machine.receive(Buffer.from('ATRN home.example\r\n'))
  const asked = machine.next()
  assert.ok(asked?.kind === 'ask')
  machine.answer(await decide(asked.question))
  assert.equal(machine.next()?.kind, 'send')
  machine.disconnected()
  assert.deepEqual(story.endings, ['sender lost', 'provider lost'])
  assert.equal(machine.next(), undefined)
})

test('the sender waits for a greeting, and does not say a word before', async () => {
  const story = newStory()
  const end = new End(sender(story, CONTENTS, true))
  assert.equal((await end.says()).toString(), '')
  assert.equal((await end.hears([Buffer.from('220-home.example')])).toString(), '')
  assert.equal((await end.hears([Buffer.from(' ready\r\n220 now\r\n')])).toString(), 'EHLO odmr.example\r\n')
})
