import type { Logger } from '@cartero/agent/telemetry'
import { MetricRegistry } from '@cartero/agent/telemetry'
import { MemoryContentLog } from '@cartero/content/memory'
import { Doorkeeper } from '@cartero/directory/doorkeeper'
import type { ImapLimits } from '@cartero/imap'
import { Loopback } from '@cartero/imap/client'
import { serverRole } from '@cartero/imap/server'
import { createMemoryMailStore } from '@cartero/mailstore/memory'
import { MessageIndexer } from '@cartero/message'
import type { CredentialVerifier } from '@cartero/sasl'
import { ManualClock } from '@cartero/wire'
import { createEvents } from '../src/events.ts'
import { MessageCache } from '../src/message-cache.ts'
import { SessionCount } from '../src/session-count.ts'
import { MailSession } from '../src/session.ts'

const quiet: Logger = {
  trace: () => {},
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: (event, fields) => console.error(event, fields),
  fatal: () => {},
  child: () => quiet,
  enabled: () => false,
}

const verifier: CredentialVerifier = {
  password: async (login, password) => (password === 'sesame' ? login : undefined),
  scramKeys: () => Promise.reject(new Error('no keys here')),
}

export interface StageOptions {
  readonly limits?: Partial<ImapLimits>
  readonly sessionsPerAccount?: number
  readonly tls?: boolean
  readonly plaintextLogin?: boolean
  readonly chunk?: number
}

/** An IMAP agent over memory, and as many clients as a test wants. */
export class Stage {
  readonly mailStore = createMemoryMailStore()
  readonly content = new MemoryContentLog()
  readonly clock = new ManualClock()
  readonly #options: StageOptions
  readonly #sessions: SessionCount
  readonly #cache = new MessageCache(1024 * 1024)
  readonly #events = createEvents(quiet, new MetricRegistry())
  #serial = 0

  constructor(options: StageOptions = {}) {
    this.#options = options
    this.#sessions = new SessionCount(options.sessionsPerAccount ?? 10)
  }

  /** A connection after its greeting. */
  async connect(): Promise<Loopback> {
    const { limits, tls = true, plaintextLogin = false, chunk } = this.#options
    const id = String(++this.#serial)
    const { content, mailStore, clock } = this
    const session = new MailSession({
      connection: {
        id,
        remoteAddress: '192.0.2.1',
        remotePort: 1,
        localAddress: '192.0.2.2',
        localPort: 143,
      },
      mailStore,
      content,
      doorkeeper: new Doorkeeper({ verifier: () => verifier }),
      clock,
      sessions: this.#sessions,
      cache: this.#cache,
      events: this.#events,
      wake: () => loopback.wake(),
    })
    const role = serverRole(session, {
      greeting: 'mail.example Cartero',
      tls,
      startTls: !tls,
      plaintextLogin,
      failed: (error) => console.error(error),
      ...(limits && { limits }),
    })
    const loopback: Loopback = new Loopback(role, { ...(chunk !== undefined && { chunk }) })
    await loopback.say('')
    return loopback
  }

  /** A connection that has logged in as `account`, and perhaps selected a mailbox. */
  async enter(account: string = 'ana', mailbox?: string): Promise<Loopback> {
    const client = await this.connect()
    await client.say(`l LOGIN ${account} sesame\r\n`)
    if (mailbox !== undefined) await client.say(`s SELECT "${mailbox}"\r\n`)
    return client
  }

  /** Puts messages into a mailbox, as the MDA would. */
  async deliver(account: string, mailbox: string, ...messages: readonly (string | Buffer)[]): Promise<void> {
    await this.mailStore.provision(account)
    for (const message of messages) {
      const octets = typeof message === 'string' ? Buffer.from(message.replaceAll(/\r?\n/g, '\r\n')) : message
      const prefix = Buffer.from('Return-Path: <bob@example.net>\r\n')
      const draft = this.content.begin()
      await draft.write(Buffer.from(octets))
      const content = await draft.commit()
      const indexer = new MessageIndexer()
      indexer.write(prefix)
      indexer.write(octets)
      await this.mailStore.append([
        {
          account,
          mailbox,
          content,
          prefix,
          index: indexer.end(),
          size: prefix.length + octets.length,
          flags: [],
          internalDate: this.clock.now(),
        },
      ])
      this.content.unpin(content)
    }
    await this.turn()
  }

  /** The mailstore tells its news in the next turn of the event loop. */
  turn(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve))
  }
}

/** A small message. */
export function letter(subject: string, body: string = 'Hello.\n'): string {
  return `From: Bob <bob@example.net>\nTo: ana@example.org\nSubject: ${subject}\nDate: Thu, 1 Jan 2026 12:00:00 +0100\nMessage-ID: <${subject}@example.net>\n\n${body}`
}
