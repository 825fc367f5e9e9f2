import type { ContentStore } from '@cartero/content'
import { contentFacts } from '@cartero/message'
import { HEADER_OCTETS, substitutes, type Content } from '@cartero/smtp/client'
import { enhancedStatus } from '@cartero/syntax'

import type { Trouble } from '../notices/index.ts'
import type { Delivery, SpooledMessage } from '../ports.ts'
import type { Feed } from './ports.ts'
import type { Load } from './shipment.ts'

export const CARGO_LIMITS = {
  /** Octets up to which a message is held in memory whole; of a larger one only what is on its way. */
  whole: 64 * 1024,
  /** Deliveries that are read while others are under way: they wait for this connection, and for no other. */
  ahead: 2,
} as const

type Store = Pick<ContentStore, 'read' | 'get'>

/**
 * What was taken for one connection and not yet given to the host, its octets at hand. Small messages are read before it is their turn, so
 * that they can be said without waiting.
 */
export class Cargo {
  readonly #feed: Feed
  readonly #store: Store
  #loads: Load[] = []
  /** Being read. */
  readonly #coming = new Set<Promise<void>>()
  #closed = false

  constructor(feed: Feed, store: Store) {
    this.#feed = feed
    this.#store = store
  }

  /** What is at hand; the next ones are fetched meanwhile, as far as there is room for so many. */
  takeNow(room: number): Load | undefined {
    const load = this.#loads.shift()
    const ahead = Math.min(CARGO_LIMITS.ahead, load === undefined ? room : room - 1)
    while (!this.#closed && this.#loads.length + this.#coming.size < ahead) {
      if (!this.#fetch()) break
    }
    return load
  }

  /** The next one, or undefined when it is time to part. */
  async take(): Promise<Load | undefined> {
    while (!this.#closed) {
      const load = this.#loads.shift()
      if (load !== undefined) return load
      if (this.#coming.size > 0 || this.#fetch()) await Promise.race(this.#coming)
      else if (!(await this.#feed.more())) return undefined
    }
    return undefined
  }

  /** It was not attempted after all, and goes first. */
  putBack(loads: readonly Load[]): void {
    this.#loads = [...loads, ...this.#loads]
    if (this.#closed) this.#giveBackAll()
  }

  /** Takes out those of which `find` knows something. */
  extract<T>(find: (load: Load) => T | undefined): readonly T[] {
    const found = this.#loads.map((load) => ({ load, known: find(load) }))
    this.#loads = found.filter(({ known }) => known === undefined).map(({ load }) => load)
    return found.flatMap(({ known }) => known ?? [])
  }

  /** Everything goes back to where it was taken from. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all(this.#coming)
    this.#giveBackAll()
  }

  #giveBackAll(): void {
    for (const { delivery } of this.#loads.splice(0)) this.#feed.giveBack(delivery)
  }

  /** False, when there is nothing to fetch now. */
  #fetch(): boolean {
    const delivery = this.#feed.next()
    if (delivery === undefined) return false
    const coming = this.#read(delivery).finally(() => this.#coming.delete(coming))
    this.#coming.add(coming)
    return true
  }

  async #read(delivery: Delivery): Promise<void> {
    try {
      // The list may be another one by then.
      const load = await loadOf(delivery, this.#store)
      this.#loads.push(load)
    } catch (error) {
      this.#feed.done(
        delivery,
        delivery.recipients.map(() => unreadable(error)),
        {},
      )
    }
  }
}

async function loadOf(delivery: Delivery, store: Store): Promise<Load> {
  const { message } = delivery
  const isSmall = message.prefix.length + message.size <= CARGO_LIMITS.whole
  const content = isSmall ? await whole(message, store) : (): AsyncIterable<Buffer> => stream(message, store)
  return { delivery, content, hasUtf8Header: await hasUtf8Header(message, content, store) }
}

async function whole({ prefix, content, size }: SpooledMessage, store: Store): Promise<Buffer> {
  const octets = await store.read(content)
  return prefix.length === 0 ? octets : Buffer.concat([prefix, octets], prefix.length + size)
}

async function* stream({ prefix, content }: SpooledMessage, store: Store): AsyncGenerator<Buffer> {
  yield prefix
  yield* store.get(content)
}

/** Only what came by SMTPUTF8 may have such fields; many such messages have none, and can go to any host. */
// RFC 6531 §3.4
async function hasUtf8Header(message: SpooledMessage, content: Content, store: Store): Promise<boolean> {
  if (message.envelope.smtpUtf8 !== true) return false
  const start = Buffer.isBuffer(content)
    ? content
    : Buffer.concat([message.prefix, await store.read(message.content, { start: 0, end: HEADER_OCTETS })])
  return contentFacts(start).utf8Header
}

/** Our store cannot; no host is to blame. */
function unreadable(error: unknown): Trouble {
  const detail = error instanceof Error ? error.message : String(error)
  const [text] = substitutes.contentUnreadable.lines
  return { kind: 'deferred', status: enhancedStatus(4, 'otherSystem'), reason: `${text}: ${detail}` }
}
