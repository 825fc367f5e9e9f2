// What IMAP reads a second from a mailbox of 2,000 messages of 4 KB, SQLite and segments behind it, without TLS; beside Dovecot when
// it is installed. usage: node tools/bench/imap-fetch.ts [rounds]
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'

import { MetricRegistry, silentLogger } from '@cartero/agent/telemetry'
import { SegmentContentLog } from '@cartero/content/segments'
import { Doorkeeper } from '@cartero/directory/doorkeeper'
import { createImapAgent } from '@cartero/imap-agent/agent'
import { openSqliteMailStore } from '@cartero/mailstore/sqlite'
import { SqlWorker } from '@cartero/sql'
import { CERTIFICATE, KEY } from '@cartero/testkit'
import { TlsServer } from '@cartero/wire/node'

import { startPostfixDovecot } from './dovecot.ts'
import { benchFolder } from './folder.ts'
import { end, untilGreeted } from './processes.ts'
import { interleave, report } from './rounds.ts'

const MESSAGES = 2_000
const USER = 'bench@bench.test'
const PASSWORD = 'bench'

/** Commands that are timed together, each over all messages. */
const CASES: readonly (readonly [label: string, ...commands: string[]])[] = [
  ['FLAGS', 'FETCH 1:* (FLAGS)'],
  ['UID FLAGS INTERNALDATE SIZE', 'FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE)'],
  ['ENVELOPE', 'FETCH 1:* (ENVELOPE)'],
  ['ENVELOPE BODYSTRUCTURE FLAGS UID', 'FETCH 1:* (UID FLAGS ENVELOPE BODYSTRUCTURE)'],
  ['header fields', 'FETCH 1:* (BODY.PEEK[HEADER.FIELDS (FROM TO SUBJECT DATE)])'],
  ['whole messages', 'FETCH 1:* (BODY.PEEK[])'],
  ['SEARCH SUBJECT', 'SEARCH SUBJECT nowhere'],
  ['SEARCH TEXT', 'SEARCH TEXT nowhere'],
  ['STORE, forth and back', 'STORE 1:* +FLAGS.SILENT (\\Seen)', 'STORE 1:* -FLAGS.SILENT (\\Seen)'],
  ['SELECT', 'SELECT INBOX'],
]

/** The IMAP agent by itself, in a process of its own. */
async function serve(folder: string, port: number): Promise<void> {
  const worker = new SqlWorker()
  const agent = createImapAgent({
    settings: {
      hostname: 'mail.bench.test',
      listen: [{ host: '127.0.0.1', port, implicitTls: false }],
      allowPlaintextAuth: true,
    },
    mailStore: await openSqliteMailStore({ worker, file: join(folder, 'mail.db') }),
    content: await SegmentContentLog.open({ directory: join(folder, 'content') }),
    doorkeeper: new Doorkeeper({
      verifier: () => ({
        password: async (login) => login,
        scramKeys: () => Promise.reject(new Error('no keys here')),
      }),
    }),
    tls: new TlsServer({ certificate: CERTIFICATE, key: KEY }),
    logger: silentLogger,
    metrics: new MetricRegistry(),
  })
  await agent.start!(AbortSignal.timeout(10_000))
}

async function measure(rounds: number): Promise<void> {
  using folder = benchFolder()
  await using stack = new AsyncDisposableStack()
  const readers = [['Cartero', await startAgent(folder.path, 14143, stack)]] as [string, Reader][]
  if (existsSync('/usr/sbin/dovecot')) {
    const peer = await startPostfixDovecot({ folder: join(folder.path, 'peer'), port: 14025 })
    stack.defer(() => peer.stop())
    readers.push(['Dovecot', await Reader.open(peer.imap!.port)])
  }
  for (const [, reader] of readers) {
    for (let n = 0; n < MESSAGES; n++) await reader.append(letter(n))
    await reader.command('SELECT INBOX')
    for (const [, ...commands] of CASES) await secondsOf(reader, commands)
  }
  for (const [label, ...commands] of CASES) {
    const contestants = readers.map(([name, reader]) => ({
      name,
      measure: async () => (commands.length * MESSAGES) / (await secondsOf(reader, commands)),
    }))
    report(label, await interleave(contestants, rounds), '/s')
  }
  for (const [, reader] of readers) reader.close()
}

async function secondsOf(reader: Reader, commands: readonly string[]): Promise<number> {
  let seconds = 0
  for (const command of commands) seconds += await reader.command(command)
  return seconds
}

async function startAgent(folder: string, port: number, stack: AsyncDisposableStack): Promise<Reader> {
  const child = spawn(process.execPath, [import.meta.filename, 'serve', folder, String(port)], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  stack.defer(() => end(child))
  await untilGreeted(port)
  return Reader.open(port)
}

function letter(n: number): Buffer {
  return Buffer.from(
    [
      `From: "Sender ${n % 37}" <sender${n % 37}@example.net>`,
      'To: Bench <bench@bench.test>, Other <other@example.org>',
      `Subject: letter ${n} about things that matter`,
      'Date: Fri, 21 Nov 2025 10:00:00 +0000',
      `Message-ID: <${n}.bench@example.net>`,
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset=utf-8',
      '',
      'The quick brown fox jumps over the lazy dog.\r\n'.repeat(80),
    ].join('\r\n'),
  )
}

/** Octets before the end of what came in which a mark is looked for: Dovecot's answer to LOGIN is long. */
const REACH = 2_000

/** A client that only waits for the end of each answer, so that little of what is measured is its own work. */
class Reader {
  readonly #socket: Socket
  #tail = '\r\n'
  #look: (() => void) | undefined
  #serial = 0

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (bytes: Buffer) => this.#heard(bytes))
  }

  static async open(port: number): Promise<Reader> {
    const reader = new Reader(connect({ port, host: '127.0.0.1', noDelay: true }))
    await reader.#until('* OK')
    await reader.command(`LOGIN ${USER} ${PASSWORD}`)
    return reader
  }

  close(): void {
    this.#socket.destroy()
  }

  /** Seconds until its end. */
  async command(text: string): Promise<number> {
    const tag = `t${++this.#serial}`
    const begin = performance.now()
    this.#socket.write(`${tag} ${text}\r\n`)
    await this.#until(`\r\n${tag} OK`)
    return (performance.now() - begin) / 1000
  }

  async append(message: Buffer): Promise<void> {
    const tag = `t${++this.#serial}`
    this.#socket.write(`${tag} APPEND INBOX {${message.length}}\r\n`)
    this.#tail = '\r\n'
    await this.#until('\r\n+')
    this.#socket.write(Buffer.concat([message, Buffer.from('\r\n')]))
    await this.#until(`\r\n${tag} OK`)
  }

  /** What came before is remembered as far as a mark may reach back into it. */
  #until(mark: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#look = () => {
      if (this.#tail.includes(mark)) resolve()
      else if (/\r\nt\d+ (?:NO|BAD) /.test(this.#tail)) reject(new Error(this.#tail))
    }
    this.#look()
    return promise
  }

  #heard(bytes: Buffer): void {
    this.#tail = this.#tail.slice(-REACH) + bytes.toString('latin1', Math.max(0, bytes.length - REACH))
    this.#look?.()
  }
}

if (process.argv[2] === 'serve') await serve(process.argv[3]!, Number(process.argv[4]))
else await measure(Number(process.argv[2] ?? 5))
