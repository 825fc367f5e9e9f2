import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { mechanismNamed } from '@cartero/sasl'
import { parseForwardPath, parseReversePath } from '@cartero/smtp'
import {
  serveErrand,
  SmtpClientMachine,
  type ClientEnding,
  type OutgoingTransaction,
  type RecipientOutcome,
  type SmtpClientAnswer,
  type SmtpClientOptions,
  type SmtpClientQuestion,
} from '@cartero/smtp/client'
import {
  serveSession,
  SmtpServerMachine,
  type ServedSession,
  type SmtpAnswer,
  type SmtpQuestion,
  type SmtpServerOptions,
} from '@cartero/smtp/server'
import { cut, Pump } from './pump.ts'
import { LOGIN, PASSWORD, scriptSession } from './script-session.ts'

const TLS = { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' }

/** A message for the scripted session, which decides by local parts. */
interface Plan {
  readonly from: string
  readonly to: readonly string[]
  readonly text: string
  readonly streamed: boolean
  readonly body?: '8bit' | 'binary'
}

interface Run {
  readonly outcomes: readonly (readonly RecipientOutcome[])[]
  readonly accepted: readonly string[]
  readonly ending: ClientEnding | undefined
  readonly clientSaid: string
  readonly serverSaid: string
  readonly told: readonly string[]
}

interface Setting {
  readonly plans: readonly Plan[]
  readonly server?: Partial<SmtpServerOptions>
  readonly client?: Partial<SmtpClientOptions>
  readonly clientCut: readonly number[]
  readonly serverCut: readonly number[]
  /** After so many chunks of either side the connection breaks. */
  readonly breakAfter?: number
}

/** Lets a client and a server talk over two pipes whose octets are cut anywhere. */
async function converse(setting: Setting): Promise<Run> {
  const told: string[] = []
  const accepted: string[] = []
  const session = collecting(scriptSession(new Set(['auth', 'binary'] as const), told), accepted)
  const outcomes: RecipientOutcome[][] = []
  let ending: ClientEnding | undefined
  const messages = setting.plans.map(transactionOf)
  const errand = {
    next: () => messages.shift(),
    settled: (_: OutgoingTransaction, each: readonly RecipientOutcome[]) => void outcomes.push([...each]),
    closed: (how: ClientEnding) => void (ending = how),
  }
  const server = new Pump(
    new SmtpServerMachine(session, { hostname: 'mx.example', ...setting.server }),
    serveSession(session),
  )
  const client = new Pump(
    new SmtpClientMachine(errand, { hostname: 'client.example', ...setting.client }),
    serveErrand(errand),
  )
  let clientSaid = ''
  let serverSaid = ''
  let chunks = 0
  const broken = (): boolean => chunks >= (setting.breakAfter ?? Infinity)
  for (let idle = 0; idle < 2 && !broken();) {
    const fromServer = await server.run()
    serverSaid += fromServer.toString()
    for (const chunk of cut(fromServer, setting.serverCut)) {
      if (broken() || client.closed) break
      client.machine.receive(chunk)
      clientSaid += (await push(client, server, setting.clientCut, () => chunks++, broken)).toString()
      chunks++
    }
    const fromClient = await push(client, server, setting.clientCut, () => chunks++, broken)
    clientSaid += fromClient.toString()
    idle = fromServer.length + fromClient.length === 0 ? idle + 1 : 0
    if (server.startTls && client.startTls) {
      server.startTls = client.startTls = false
      server.machine.tlsStarted(TLS)
      client.machine.tlsStarted(TLS)
      idle = 0
    }
  }
  client.machine.disconnected()
  server.machine.disconnected()
  return { outcomes, accepted, ending, clientSaid, serverSaid, told }
}

/** Gives the server what the client has to say, chunk by chunk. */
async function push(
  client: Pump<SmtpClientQuestion, SmtpClientAnswer>,
  server: Pump<SmtpQuestion, SmtpAnswer>,
  sizes: readonly number[],
  count: () => void,
  broken: () => boolean,
): Promise<Buffer> {
  const said = await client.run()
  for (const chunk of cut(said, sizes)) {
    if (broken() || server.closed) break
    server.machine.receive(chunk)
    server.hold(await server.run())
    count()
  }
  return said
}

function collecting(session: ServedSession, accepted: string[]): ServedSession {
  let pieces: Buffer[] = []
  const { endOfData } = session
  return {
    ...session,
    data: () => {
      pieces = []
      return undefined
    },
    body: (octets) => void pieces.push(octets),
    endOfData: async () => {
      const reply = await endOfData()
      if (reply.code < 400) accepted.push(Buffer.concat(pieces).toString())
      return reply
    },
  }
}

function transactionOf({ from, to, text, streamed, body }: Plan): OutgoingTransaction {
  const octets = Buffer.from(text)
  return {
    reversePath: parseReversePath(`${from}@client.example`)!,
    recipients: to.map((localPart) => ({ path: parseForwardPath(`${localPart}@mx.example`)! })),
    ...(body && { body }),
    content: streamed
      ? async function* () {
          for (const chunk of cut(octets, [3, 1])) yield chunk
        }
      : octets,
  }
}

const localPart = fc.constantFrom('smith', 'late', 'unknown', 'full', 'bug')
const sender = fc.constantFrom('a', 'a', 'late', 'unknown', 'bug', 'refused', 'end-bug')
const text = fc
  .array(fc.constantFrom('.', 'a', 'é', '\r\n', '\r\n.', '\r\n.\r\n', '\n', '\r'), { maxLength: 10 })
  .map((parts) => parts.join(''))
const plan = fc.record({
  from: sender,
  to: fc.array(localPart, { minLength: 1, maxLength: 4 }),
  text,
  streamed: fc.boolean(),
})
const plans = fc.array(plan, { maxLength: 4 })
const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 4 })

/** What must come of a plan, whatever the connection does to the octets. */
function expected({ from, to }: Plan): string[] {
  if (from === 'unknown') return to.map(() => 'failed')
  if (from === 'bug') return to.map(() => 'deferred')
  const one = (name: string): string => {
    if (name === 'unknown') return 'failed'
    if (name === 'full' || name === 'bug') return 'deferred'
    return from === 'refused' ? 'failed' : from === 'end-bug' ? 'deferred' : 'delivered'
  }
  return to.map(one)
}

/** The message as a server must get it. */
function framed(message: string): string {
  const lines = message.replaceAll(/\r\n|\r|\n/g, '\r\n')
  return lines === '' || lines.endsWith('\r\n') ? lines : `${lines}\r\n`
}

test('however octets are cut, the same things are said and every recipient has the outcome he must have', async () => {
  await fc.assert(
    fc.asyncProperty(plans, cuts, cuts, async (list, clientCut, serverCut) => {
      const whole = await converse({ plans: list, clientCut: [], serverCut: [] })
      const run = await converse({ plans: list, clientCut, serverCut })
      assert.deepEqual(run, whole)
      assert.deepEqual(
        run.outcomes.map((each) => each.map(({ kind }) => kind)),
        list.map(expected),
      )
      const taken = list
        .filter((each) => expected(each).includes('delivered'))
        .map((each) => framed(each.text))
      assert.deepEqual(run.accepted, taken)
      assert.equal(run.ending?.kind, 'quit')
    }),
    { numRuns: 150 },
  )
})

test('wherever the connection breaks, every message is settled once and none is called delivered that is not', async () => {
  await fc.assert(
    fc.asyncProperty(plans, cuts, fc.nat({ max: 60 }), async (list, sizes, breakAfter) => {
      const run = await converse({ plans: list, clientCut: sizes, serverCut: sizes, breakAfter })
      for (const [i, outcomes] of run.outcomes.entries()) assert.equal(outcomes.length, list[i]!.to.length)
      const delivered = run.outcomes.filter((each) => each.some(({ kind }) => kind === 'delivered')).length
      assert.ok(delivered <= run.accepted.length, 'delivered and not accepted')
      assert.ok(run.accepted.length - delivered <= 1, 'more than one duplicate for one broken connection')
      assert.ok(run.ending !== undefined)
    }),
    { numRuns: 200 },
  )
})

test('with TLS and authentication the conversation is the same however it is cut', async () => {
  const list: Plan[] = [{ from: 'a', to: ['smith', 'unknown'], text: 'hello', streamed: false }]
  for (const name of ['SCRAM-SHA-256', 'PLAIN', 'LOGIN']) {
    const setting = (clientCut: number[], serverCut: number[]): Setting => ({
      plans: list,
      clientCut,
      serverCut,
      server: { startTls: true, requireTls: true, requireAuth: true },
      client: {
        startTls: 'required',
        authenticate: () => ({
          name,
          exchange: mechanismNamed(name)!.connect({
            login: LOGIN,
            password: PASSWORD,
            newNonce: () => 'client-nonce',
          }),
        }),
      },
    })
    const whole = await converse(setting([], []))
    assert.deepEqual(
      whole.outcomes.map((each) => each.map(({ kind }) => kind)),
      [['delivered', 'failed']],
      whole.serverSaid,
    )
    assert.ok(whole.told.includes(`authenticated tim@example.org ${name}`))
    assert.deepEqual(await converse(setting([1], [1])), whole)
    assert.deepEqual(await converse(setting([7, 2], [3])), whole)
  }
})

test('a client of many recipients and a server of few do not wait for each other, and everybody is served', async () => {
  const to = Array.from({ length: 1200 }, () => 'smith')
  const run = await converse({
    plans: [{ from: 'a', to, text: 'x', streamed: false }],
    clientCut: [],
    serverCut: [],
  })
  const kinds = run.outcomes[0]!.map(({ kind, reply }) => `${kind} ${reply.code}`)
  assert.equal(kinds.filter((kind) => kind === 'delivered 250').length, 1200)
  assert.equal(run.accepted.length, 2)
})

test('a binary message comes through octet for octet, whatever is in it and however it is cut', async () => {
  const octets = fc
    .array(fc.constantFrom('\0', '\r', '\n', '\r\n', '.', '\r\n.\r\n', 'BDAT 3\r\n', 'a'), { maxLength: 20 })
    .map((parts) => parts.join(''))
  await fc.assert(
    fc.asyncProperty(octets, octets, fc.boolean(), cuts, async (one, other, streamed, sizes) => {
      const list = [one, other].map((each): Plan => ({
        from: 'a',
        to: ['smith'],
        text: each,
        streamed,
        body: 'binary',
      }))
      for (const bareNewlines of ['reject', 'clean'] as const) {
        const run = await converse({
          plans: list,
          clientCut: sizes,
          serverCut: sizes,
          server: { bareNewlines },
          client: { limits: { chunk: 7 } },
        })
        assert.deepEqual(run.accepted, [one, other], run.serverSaid)
      }
    }),
    { numRuns: 60 },
  )
})

test('what a client sends in lines is never refused for its newlines, whatever was stored', async () => {
  const list = ['a\nb', 'a\rb\r', '\r\r\n.\n.\r\n'].map((each): Plan => ({
    from: 'a',
    to: ['smith'],
    text: each,
    streamed: true,
  }))
  const run = await converse({ plans: list, clientCut: [1], serverCut: [] })
  assert.deepEqual(
    run.accepted,
    list.map((each) => framed(each.text)),
  )
})
