// What the SMTP server machine costs by itself: no sockets, no session work. Prints microseconds of one core.
//
//   node tools/bench/smtp-machine.ts [rounds]

import { replies, serveSession, SmtpServerMachine, type SmtpSession } from '@cartero/smtp/server'

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
const decide = serveSession(session)

/** Feeds the chunks and carries out what the machine wants, as the driver does. Returns octets sent. */
function drive(machine: SmtpServerMachine, chunks: readonly Buffer[]): number {
  let sent = 0
  for (const chunk of chunks) {
    machine.receive(chunk)
    for (let output = machine.next(); output !== undefined; output = machine.next()) {
      if (output.kind === 'ask') machine.answer(decide(output.question) as never)
      else if (output.kind === 'send') sent += output.bytes.length
      else throw new Error(`unexpected ${output.kind}`)
    }
  }
  return sent
}

function greeted(): SmtpServerMachine {
  const machine = new SmtpServerMachine(session, {
    hostname: 'mx.example',
    limits: { junk: Infinity, commands: Infinity, transactions: Infinity },
  })
  drive(machine, [Buffer.alloc(0), Buffer.from('EHLO client.example\r\n')])
  return machine
}

function message(octets: number): Buffer {
  return Buffer.from(`${LINE.repeat(Math.ceil(octets / LINE.length))}.\r\n`)
}

const ENVELOPE =
  'MAIL FROM:<sender@client.example> SIZE=4096 BODY=8BITMIME\r\nRCPT TO:<recipient@mx.example>\r\nDATA\r\n'
const COMMANDS = Buffer.from('MAIL FROM:<sender@client.example>\r\nRSET\r\n'.repeat(50))

interface Case {
  readonly name: string
  readonly chunks: readonly Buffer[]
  /** What one run of the chunks is worth. */
  readonly units: number
  readonly unit: string
  readonly repeat: number
}

function split(bytes: Buffer): Buffer[] {
  const pieces = Math.ceil(bytes.length / 65_536)
  return Array.from({ length: pieces }, (_, i) => bytes.subarray(i * 65_536, (i + 1) * 65_536))
}

function cases(): Case[] {
  const stuffed = Buffer.from(`${'..\r\n'.repeat(1024)}.\r\n`)
  return [
    { name: 'commands, pipelined', chunks: [COMMANDS], units: 100, unit: 'command', repeat: 300 },
    {
      name: 'message of 4 KB',
      chunks: [Buffer.from(ENVELOPE), message(4096)],
      units: 1,
      unit: 'message',
      repeat: 20_000,
    },
    {
      name: 'message of 1 MB',
      chunks: [Buffer.from(ENVELOPE), ...split(message(1 << 20))],
      units: 1,
      unit: 'message',
      repeat: 50,
    },
    {
      name: 'only stuffed dots, 4 KB',
      chunks: [Buffer.from(ENVELOPE), stuffed],
      units: 1,
      unit: 'message',
      repeat: 5_000,
    },
  ]
}

for (const { name, chunks, units, unit, repeat } of cases()) {
  const machine = greeted()
  const times: number[] = []
  for (let round = 0; round <= ROUNDS; round++) {
    const start = process.hrtime.bigint()
    for (let i = 0; i < repeat; i++) drive(machine, chunks)
    // The first round warms up.
    if (round > 0) times.push(Number(process.hrtime.bigint() - start) / 1000 / repeat / units)
  }
  const median = times.toSorted((a, b) => a - b)[times.length >> 1]!
  console.log(
    `${name.padEnd(26)} ${median.toFixed(2).padStart(10)} µs a ${unit}, ${Math.round(1e6 / median)}/s`,
  )
}
