// What the SMTP client machine costs by itself: no sockets, a server's answers at once. Prints microseconds of one core.
//
//   node tools/bench/smtp-client-machine.ts [rounds]

import { serveErrand, SmtpClientMachine, type OutgoingTransaction } from '@cartero/smtp/client'
import { parseForwardPath, parseReversePath } from '@cartero/smtp'
import { replies, serveSession, SmtpServerMachine, type SmtpSession } from '@cartero/smtp/server'
import type { MaybePromise, ProtocolMachine } from '@cartero/wire'

const ROUNDS = Number(process.argv[2] ?? 7)
const LINE = `${'The quick brown fox jumps over the lazy dog and then some more.'.padEnd(70, 'x')}\r\n`

const session: SmtpSession = {
  mail: () => undefined,
  rcpt: () => undefined,
  data: () => undefined,
  body: () => undefined,
  endOfData: () => replies.done,
  reset: () => undefined,
}

/** Carries out what a machine wants; returns what it said. All answers are at hand. */
function run<Q, A>(machine: ProtocolMachine<Q, A>, decide: (question: Q) => MaybePromise<A>): Buffer[] {
  const said: Buffer[] = []
  for (let output = machine.next(); output !== undefined; output = machine.next()) {
    if (output.kind === 'ask') machine.answer(decide(output.question) as A)
    else if (output.kind === 'send') said.push(output.bytes as Buffer)
    else if (output.kind === 'close') break
  }
  return said
}

/** So many messages from our client to our server, hand to hand. Returns microseconds of both for one message. */
function measure(octets: number, messages: number, chunking: 'prefer' | 'never'): number {
  const content = Buffer.from(LINE.repeat(Math.ceil(octets / LINE.length)))
  const transaction: OutgoingTransaction = {
    reversePath: parseReversePath('sender@client.example')!,
    recipients: [{ path: parseForwardPath('recipient@mx.example')! }],
    size: content.length,
    content,
  }
  let left = messages
  let delivered = 0
  const next = (): OutgoingTransaction | undefined => (left-- > 0 ? transaction : undefined)
  const errand = { next, more: next, settled: () => void delivered++ }
  const client = new SmtpClientMachine(errand, { hostname: 'client.example', chunking })
  const limits = { transactions: Infinity, commands: Infinity, junk: Infinity }
  const server = new SmtpServerMachine(session, { hostname: 'mx.example', limits })
  const asked = serveErrand(errand)
  const told = serveSession(session)
  const start = process.hrtime.bigint()
  for (let isQuiet = false; !isQuiet;) {
    const replied = run(server, told)
    for (const bytes of replied) client.receive(bytes)
    const said = run(client, asked)
    for (const bytes of said) server.receive(bytes)
    isQuiet = replied.length + said.length === 0
  }
  if (delivered !== messages) throw new Error(`${delivered} of ${messages} were delivered`)
  return Number(process.hrtime.bigint() - start) / 1000 / messages
}

for (const [name, octets, messages] of [
  ['4 KB', 4096, 5_000],
  ['1 MB', 1 << 20, 30],
] as const) {
  for (const chunking of ['never', 'prefer'] as const) {
    const times = Array.from({ length: ROUNDS + 1 }, () => measure(octets, messages, chunking)).slice(1)
    const median = times.toSorted((a, b) => a - b)[times.length >> 1]!
    const label = `${name} by ${chunking === 'prefer' ? 'BDAT' : 'DATA'}, client and server`
    console.log(
      `${label.padEnd(36)} ${median.toFixed(1).padStart(9)} µs a message, ${Math.round(1e6 / median)}/s`,
    )
  }
}
