import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CarteroProcess, LineClient } from '@cartero/testkit'
import { lookIntoInbox } from '@cartero/testkit/inbox'
import type { Change, DeliveryFilter } from '@cartero/spool'
import { askQueue, type Queue } from '../src/cli/queue-client.ts'
import type { Copy, CountingHost } from './counting-host.ts'

/** Who writes all letters, and hears of those that come to nothing. */
const SENDER = 'alice@cartero.test'
/** How long everything that is owed may take to be accounted for. */
const LIMIT_MS = 60_000
/** A recipient in a notice, and what became of it. */
// RFC 3464 §2.3
const TOLD = /^Final-Recipient: rfc822; ?([^@\s]+)@.*\r\n(?:.*\r\n)*?Action: (\w+)/gim
/** Of what is lost, so many are named. */
const MOST_NAMED = 5

export interface RelayOptions {
  /** Where the mail of these domains goes. */
  readonly hosts: Readonly<Record<string, CountingHost>>
  /** Others that mail may come to. */
  readonly counted?: readonly CountingHost[]
  /** Further lines of the configuration; `relay` and `smtp` inside braces. */
  readonly relay?: string
  readonly smtp?: string
  readonly lines?: string
  readonly data?: string
  readonly env?: Readonly<Record<string, string>>
}

export interface Flood {
  readonly domain: string
  /** Local parts are this, a session and a number. */
  readonly prefix: string
  readonly sessions: number
  /** Letters of each session; without it, until the process ends. */
  readonly letters?: number
  readonly octets?: number
  /** Told of each 250. */
  readonly accepted?: (recipient: string) => void
}

/** A real process that relays, what it has promised, and what became of that. */
export class RelayUnderFire implements AsyncDisposable {
  cartero: CarteroProcess
  /** Local parts of all recipients whose letters were answered 250. */
  readonly promised = new Set<string>()
  readonly #folder: string
  readonly #options: RelayOptions
  readonly #hosts: readonly CountingHost[]
  readonly #notices = new Map<string, number>()
  readonly #failed = new Set<string>()
  #lastUid = 0

  private constructor(cartero: CarteroProcess, folder: string, options: RelayOptions) {
    this.cartero = cartero
    this.#folder = folder
    this.#options = options
    this.#hosts = [...new Set([...Object.values(options.hosts), ...(options.counted ?? [])])]
  }

  static async start(options: RelayOptions): Promise<RelayUnderFire> {
    const folder = mkdtempSync(join(tmpdir(), 'cartero-fire-'))
    const config = join(folder, 'c.yaml')
    writeFileSync(config, configuration(options))
    const { data = join(folder, 'data'), env = {} } = options
    const cartero = await CarteroProcess.start({ data, env, args: ['--config', config] })
    return new RelayUnderFire(cartero, folder, options)
  }

  /** Starts the process again, which has ended. */
  async restart(): Promise<void> {
    const { base, data } = this.cartero
    const args = ['--config', join(this.#folder, 'c.yaml')]
    this.cartero = await CarteroProcess.start({ base, data, args, env: this.#options.env ?? {} })
  }

  /** Sends letters until the process is gone, or as many as wanted. Fulfilled with the answers that were no 250. */
  async flood(flood: Flood): Promise<readonly string[]> {
    const sessions = Array.from({ length: flood.sessions }, (_, i) => this.#session(flood, i))
    return (await Promise.all(sessions)).flat()
  }

  async #session(
    { domain, prefix, letters = Infinity, octets = 2_000, accepted }: Flood,
    session: number,
  ): Promise<string[]> {
    const refusals: string[] = []
    try {
      using client = await LineClient.connect(this.cartero.port(25))
      await client.reply()
      await client.smtp('EHLO sender.test')
      const body = 'x'.repeat(octets).replace(/.{70}/g, '$&\r\n')
      for (let i = 0; i < letters; i++) {
        const recipient = `${prefix}-${session}-${i}`
        client.write(`MAIL FROM:<${SENDER}>\r\nRCPT TO:<${recipient}@${domain}>\r\nDATA\r\n`)
        for (let reply = 0; reply < 3; reply++) await client.reply()
        const answer = await client.smtp(
          `Subject: x\r\nMessage-ID: <${recipient}@sender.test>\r\n\r\n${body}\r\n.`,
        )
        if (!answer.startsWith('250')) refusals.push(answer)
        else {
          this.promised.add(recipient)
          accepted?.(recipient)
        }
      }
    } catch {
      // The process has ended; what it did not acknowledge is not owed.
    }
    return refusals
  }

  /** How often the sender was told of each recipient. */
  async notices(): Promise<ReadonlyMap<string, number>> {
    await lookIntoInbox(this.cartero, 'alice', async (client) => {
      const range = `${this.#lastUid + 1}:*`
      for await (const { uid, source } of client.fetch(range, { source: true }, { uid: true })) {
        if (uid <= this.#lastUid) continue
        this.#lastUid = uid
        for (const [, recipient = '', action] of source!.toString().matchAll(TOLD)) {
          this.#notices.set(recipient, (this.#notices.get(recipient) ?? 0) + 1)
          if (action === 'failed') this.#failed.add(recipient)
        }
      }
    })
    return this.#notices
  }

  /** Recipients of which the sender was told that they get nothing. */
  async failures(): Promise<readonly string[]> {
    await this.notices()
    return [...this.#failed]
  }

  /** What the operator does with the queue of the running system. */
  queue<T>(work: (queue: Queue) => Promise<T>): Promise<T> {
    return askQueue({ data: this.cartero.data, isQuiet: true }, work)
  }

  /** Changes deliveries until all are, or the process is gone; told how many were changed after each portion. */
  async change(
    filter: DeliveryFilter,
    change: Change,
    told: (changed: number) => void = () => {},
  ): Promise<number> {
    let last = 0
    await this.queue(async (queue) => {
      for await (const { changed } of queue.change(filter, change, AbortSignal.timeout(LIMIT_MS)))
        told((last = changed))
    }).catch((error: unknown) => {
      if (this.cartero.running && !this.cartero.child.killed) throw error
    })
    return last
  }

  copies(recipient: string): readonly Copy[] {
    return this.#hosts.flatMap((host) => host.copies.get(recipient) ?? [])
  }

  /** Waits until each promised letter is at its host or its sender was told, and returns those of which neither is so. */
  async lost(isExcused: (recipient: string) => boolean = () => false): Promise<readonly string[]> {
    const isOpen = (recipient: string): boolean =>
      this.copies(recipient).length === 0 && !this.#failed.has(recipient) && !isExcused(recipient)
    let open = [...this.promised].filter(isOpen)
    for (const end = Date.now() + LIMIT_MS; open.length > 0 && Date.now() < end; await sleep(100)) {
      await this.notices()
      open = open.filter(isOpen)
    }
    return open.length > MOST_NAMED
      ? [...open.slice(0, MOST_NAMED), `and ${open.length - MOST_NAMED} more`]
      : open
  }

  /** Recipients whose letter came more than once, and its copies; all of them are the same letter. */
  duplicates(): ReadonlyMap<string, readonly Copy[]> {
    const found = new Map<string, readonly Copy[]>()
    const names = new Set(this.#hosts.flatMap((host) => [...host.copies.keys()]))
    for (const name of names) {
      const copies = this.copies(name)
      for (const { messageId } of copies) assert.equal(messageId, copies[0]!.messageId)
      if (copies.length > 1) found.set(name, copies)
    }
    return found
  }

  async metric(name: string): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${this.cartero.port(80)}/metrics`)
    const lines = (await response.text()).split('\n').filter((line) => line.startsWith(name))
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cartero.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function configuration({ hosts, relay = '', smtp = '', lines = '' }: RelayOptions): string {
  const domains = Object.entries(hosts)
  const route = ([domain, { port }]: (typeof domains)[number]): string =>
    `  - { name: "${domain}", hosts: "127.0.0.1:${port}", tls: none }\n`
  const rule = ([domain]: (typeof domains)[number]): string =>
    `  - { match: "${domain}", via: "${domain}" }\n`
  const routes =
    domains.length === 0
      ? ''
      : `routes:\n${domains.map(route).join('')}routing:\n${domains.map(rule).join('')}`
  return `relay: { mode: send, loopback: true, retry: { waits: [1s], jitter: 0 }${relay} }
smtp: { relayNetworks: [127.0.0.1/32]${smtp} }
${routes}${lines}`
}
