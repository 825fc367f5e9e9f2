// What a feed has, said to a server over a connection that is there already.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import { MemoryContentLog } from '@cartero/content/memory'
import type { ContentId } from '@cartero/content'
import type { Delivery, DeliveryId, Envelope, QueueId } from '@cartero/spool'
import { dispatch, type AttemptFacts, type Feed } from '@cartero/spool/dispatch'
import type { RecipientResult } from '@cartero/spool/notices'
import { ManualClock } from '@cartero/wire'
import { dial } from '@cartero/wire/node'

const DROP = Symbol('drop')
type Answers = Readonly<Record<string, string | typeof DROP>>

/** A server that says the same to each command, and takes what is said after DATA up to the dot. */
async function server(answers: Answers = {}) {
  const heard: string[] = []
  const sockets = new Set<Socket>()
  const listening = createServer((socket) => {
    sockets.add(socket)
    let [input, isData] = ['', false]
    const say = (verb: string, usual: string): boolean => {
      const answer = answers[verb] ?? usual
      if (answer === DROP) socket.destroy()
      else socket.write(`${answer}\r\n`)
      return typeof answer === 'string' && answer.startsWith('3')
    }
    socket.on('error', () => {})
    socket.on('data', (bytes: Buffer) => {
      input += bytes.toString('latin1')
      for (;;) {
        const end = isData ? input.indexOf('\r\n.\r\n') : input.indexOf('\r\n')
        if (end === -1 || socket.destroyed) return
        const line = input.slice(0, end)
        input = input.slice(end + (isData ? 5 : 2))
        heard.push(isData ? 'message' : line)
        const verb = isData ? 'dot' : line.split(' ')[0]!
        isData = say(verb, USUAL[verb] ?? '250 2.0.0 good')
        if (verb === 'QUIT') socket.end()
      }
    })
    say('greeting', '220 home.test')
  })
  listening.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  return {
    heard,
    port: (listening.address() as AddressInfo).port,
    [Symbol.dispose]: () => {
      for (const socket of sockets) socket.destroy()
      listening.close()
    },
  }
}

const USUAL: Readonly<Record<string, string>> = {
  EHLO: '250-home.test\r\n250-PIPELINING\r\n250 ENHANCEDSTATUSCODES',
  DATA: '354 go on',
  QUIT: '221 2.0.0 bye',
}

/** Deliveries in a list, and what was told of them. */
class ListFeed implements Feed {
  readonly waiting: Delivery[]
  readonly ends: {
    readonly id: string
    readonly results: readonly RecipientResult[]
    readonly facts: AttemptFacts
  }[] = []
  readonly givenBack: string[] = []

  constructor(deliveries: readonly Delivery[]) {
    this.waiting = [...deliveries]
  }

  next(): Delivery | undefined {
    return this.waiting.shift()
  }

  more(): Promise<boolean> {
    return Promise.resolve(this.waiting.length > 0)
  }

  done({ id }: Delivery, results: readonly RecipientResult[], facts: AttemptFacts): void {
    this.ends.push({ id, results, facts })
  }

  giveBack({ id }: Delivery): void {
    this.givenBack.push(id)
  }

  /** How it ended for the first recipient of each, by the order in which they were told. */
  get kinds(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      this.ends.map(({ id, results: [first] }) => [
        id,
        first !== undefined && 'status' in first ? `${first.kind} ${first.status}` : String(first?.kind),
      ]),
    )
  }
}

const clock = new ManualClock()
const content = new MemoryContentLog()

async function letter(name: string, wishes: Partial<Envelope> = {}): Promise<Delivery> {
  const text = 'Subject: hello\r\n\r\nworld\r\n'
  const draft = content.begin()
  await draft.write(Buffer.from(text))
  const recipients = [{ address: 'bob@home.test' }]
  const client = { address: '192.0.2.1', helo: 'client.test', protocol: 'ESMTP' }
  return {
    id: name as DeliveryId,
    message: {
      queueId: name as QueueId,
      envelope: { reversePath: 'alice@far.test', recipients, client, ...wishes },
      prefix: Buffer.alloc(0),
      content: await draft.commit(),
      size: text.length,
      acceptedAt: 0,
    },
    nextHop: { kind: 'odmr', domain: 'home.test' },
    recipients: [{ address: 'bob@home.test', account: '' }],
    attempts: 0,
    reason: '',
  }
}

async function dispatched(feed: Feed, port: number, most?: number) {
  const uncertain: string[] = []
  const { role, over } = dispatch({
    feed,
    content,
    clock,
    host: 'home.test',
    client: { hostname: 'mx.edge.test' },
    ...(most !== undefined && { most }),
    facts: () => ({ address: '192.0.2.7' }),
    uncertain: ({ id }) => uncertain.push(id),
  })
  const addresses = ['127.0.0.1']
  const signal = AbortSignal.timeout(20_000)
  await dial({ host: 'home.test', addresses, port, clock, signal, role: () => role })
  return { ...(await over), uncertain }
}

describe('a connection that takes what a feed has', () => {
  it('is given all of it, and told as complete', async () => {
    using home = await server()
    const feed = new ListFeed([await letter('a'), await letter('b'), await letter('c')])
    const { ending, settled, uncertain } = await dispatched(feed, home.port)
    assert.deepEqual(ending, { kind: 'complete' })
    assert.deepEqual([settled, uncertain], [3, []])
    assert.deepEqual(feed.kinds, { a: 'passed', b: 'passed', c: 'passed' })
    const { host, address, isReused } = feed.ends[2]!.facts
    assert.deepEqual({ host, address, isReused }, { host: 'home.test', address: '192.0.2.7', isReused: true })
    assert.equal(home.heard.at(-1), 'QUIT')
  })

  it('does not get what must not leave TLS, which fails by itself: the others go on', async () => {
    using home = await server()
    const feed = new ListFeed([
      await letter('a'),
      await letter('secret', { requireTls: true }),
      await letter('c'),
    ])
    const { ending } = await dispatched(feed, home.port)
    assert.equal(ending.kind, 'complete')
    assert.deepEqual(feed.kinds, { a: 'passed', secret: 'failed 5.7.30', c: 'passed' })
    assert.equal(home.heard.filter((line) => line === 'message').length, 2)
  })

  it('is told in its own words what it put off', async () => {
    using home = await server({ RCPT: '452 4.2.2 mailbox full', DATA: '554 5.5.1 for whom' })
    const feed = new ListFeed([await letter('a')])
    await dispatched(feed, home.port)
    const [{ results, facts }] = feed.ends as [ListFeed['ends'][number]]
    assert.deepEqual(results, [
      {
        kind: 'deferred',
        status: '4.2.2',
        reason: 'home.test said to RCPT: 452 4.2.2 mailbox full',
        remote: { host: 'home.test', reply: '452 4.2.2 mailbox full' },
      },
    ])
    assert.equal(facts.isCutOff, undefined)
  })

  for (const [place, isUncertain] of [
    ['MAIL', false],
    ['RCPT', false],
    ['DATA', false],
    ['dot', true],
  ] as const)
    it(`breaks at ${place}: what it had is deferred as cut off, and what it had not is given back`, async () => {
      using home = await server({ [place]: DROP })
      const all = await Promise.all(Array.from({ length: 12 }, (_, n) => letter(`q${n}`)))
      const feed = new ListFeed(all)
      const { ending, settled, uncertain } = await dispatched(feed, home.port)
      assert.equal(ending.kind, 'lost')
      assert.match(ending.reason!, /^home\.test: /)
      assert.equal(settled, feed.ends.length)
      assert.ok(settled > 0)
      assert.ok(
        feed.ends.every(({ results: [result], facts }) => result!.kind === 'deferred' && facts.isCutOff),
      )
      assert.equal(uncertain.includes('q0'), isUncertain)
      // Each is told or given back, and none twice.
      const names = [...feed.ends.map(({ id }) => id), ...feed.givenBack, ...feed.waiting.map(({ id }) => id)]
      assert.deepEqual(names.toSorted(), all.map(({ id }) => id as string).toSorted())
    })

  it('that takes no mail at all has none of it', async () => {
    using home = await server({ greeting: '554 5.3.2 go away' })
    const feed = new ListFeed([await letter('a')])
    const { ending } = await dispatched(feed, home.port)
    assert.equal(ending.kind, 'refused')
    assert.match(ending.reason!, /554 5\.3\.2 go away/)
    assert.deepEqual([feed.ends, feed.waiting.length], [[], 1])
  })

  it('is left after as many as it may have', async () => {
    using home = await server()
    const feed = new ListFeed([await letter('a'), await letter('b'), await letter('c')])
    const { settled } = await dispatched(feed, home.port, 2)
    assert.deepEqual([settled, feed.waiting.length], [2, 1])
  })

  it('hears nothing of a message that we cannot read, which is deferred', async () => {
    using home = await server()
    const bad = await letter('bad')
    const lost = { ...bad, message: { ...bad.message, content: '9.9.9' as ContentId } }
    const feed = new ListFeed([lost, await letter('good')])
    await dispatched(feed, home.port)
    assert.deepEqual(feed.kinds, { bad: 'deferred 4.3.0', good: 'passed' })
  })
})
