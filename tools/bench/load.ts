import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { run } from './processes.ts'
import type { BenchServer } from './server.ts'

export interface Load {
  readonly sessions: number
  readonly messages: number
  /** Octets of each message's body. */
  readonly size: number
  /** A new connection for each message, instead of reusing the session's. */
  readonly reconnect?: boolean
}

/** Hands the load in with smtp-source (C, from Debian's postfix package); fulfilled after the last 250. Returns seconds. */
export async function accept(server: BenchServer, load: Load): Promise<number> {
  const begin = performance.now()
  await run('smtp-source', [
    ...(load.reconnect ? [] : ['-d']),
    '-s',
    String(load.sessions),
    '-m',
    String(load.messages),
    '-l',
    String(load.size),
    '-f',
    'sender@elsewhere.test',
    '-t',
    server.recipient,
    `127.0.0.1:${server.smtpPort}`,
  ])
  return (performance.now() - begin) / 1000
}

const SENDER = fileURLToPath(new URL('smtp-sender.ts', import.meta.url))

/** Hands the load in with our own client, which pipelines; the start of its process is counted. Returns seconds. */
export async function hand(server: BenchServer, load: Load, framing: 'bdat' | 'data'): Promise<number> {
  const { sessions, messages, size } = load
  const begin = performance.now()
  const args = [server.smtpPort, server.recipient, sessions, messages, size, framing].map(String)
  await run(process.execPath, [SENDER, ...args])
  return (performance.now() - begin) / 1000
}

/** Asks an IMAP server how many messages there are, over one connection. */
export class MailboxWatcher {
  readonly #socket: Socket
  #text = ''
  #tag = 0
  #arrived: (() => void) | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (bytes: Buffer) => {
      this.#text += bytes.toString('latin1')
      this.#arrived?.()
    })
  }

  static async open(server: BenchServer): Promise<MailboxWatcher> {
    const { port, user, password } = server.imap!
    const plain = new MailboxWatcher(connect(port, '127.0.0.1'))
    await plain.#until(/^\* OK.*\r\n/)
    const capabilities = await plain.command('CAPABILITY')
    const watcher = capabilities.includes('LOGINDISABLED') ? await plain.#secured() : plain
    await watcher.command(`LOGIN "${user}" "${password}"`)
    return watcher
  }

  async count(): Promise<number> {
    const answer = await this.command('STATUS INBOX (MESSAGES)')
    return Number(/MESSAGES (\d+)/.exec(answer)?.[1] ?? 0)
  }

  /** Fulfilled when at least `wanted` messages are visible. */
  async until(wanted: number, limitMs = 300_000): Promise<void> {
    const deadline = Date.now() + limitMs
    while ((await this.count()) < wanted) {
      if (Date.now() > deadline)
        throw new Error(`only ${await this.count()} of ${wanted} messages after ${limitMs} ms`)
      await sleep(20)
    }
  }

  async command(text: string): Promise<string> {
    const tag = `b${++this.#tag}`
    this.#socket.write(`${tag} ${text}\r\n`)
    const answer = await this.#until(new RegExp(`^${tag} (OK|NO|BAD).*\r\n`, 'm'))
    if (!answer.includes(`${tag} OK`)) throw new Error(`${text.split(' ')[0]}: ${answer}`)
    return answer
  }

  close(): void {
    this.#socket.destroy()
  }

  async #secured(): Promise<MailboxWatcher> {
    await this.command('STARTTLS')
    this.#socket.removeAllListeners('data')
    return new MailboxWatcher(connectTls({ socket: this.#socket, rejectUnauthorized: false }))
  }

  async #until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.#text)) {
      await new Promise<void>((resolve) => (this.#arrived = resolve))
    }
    const text = this.#text
    this.#text = ''
    return text
  }
}
