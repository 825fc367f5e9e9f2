import { createHash, randomUUID } from 'node:crypto'

import type { NewsBoard } from '@cartero/bus'

import { NewsDesk } from '../news.ts'
import type { AccountId, MailboxId, MailboxNews } from '../ports.ts'

/** Subjects over which accounts are spread: a process hears only those of its sessions. Part of what processes agree upon. */
export const NEWS_SHARDS = 64
/** Octets of one body: a bit less than a NewsBoard conveys. */
const BODY_OCTETS = 1_000

/** `mailbox.<shard>` of an account. */
export function newsSubject(account: AccountId): string {
  return `mailbox.${createHash('sha256').update(account).digest().readUInt16BE(0) % NEWS_SHARDS}`
}

/** What is told: who tells it, and `[account, mailbox, kind]` of each. */
interface Told {
  readonly by: string
  readonly news: readonly (readonly [AccountId, MailboxId, MailboxNews['kind']])[]
}

interface Shard {
  readonly leaving: AbortController
  readonly watched: Map<AccountId, number>
}

/** Tells watchers here and in other processes what a commit touched. What others tell may be lost: see CatchUp. */
export class SharedNews {
  readonly #board: NewsBoard
  readonly #desk = new NewsDesk()
  readonly #shards = new Map<string, Shard>()
  readonly #by = randomUUID()

  constructor(board: NewsBoard) {
    this.#board = board
  }

  /** To be called after the commit. */
  tell(news: readonly MailboxNews[]): void {
    for (const { account, mailbox, kind } of news) this.#desk.tell(account, mailbox, kind)
    const byShard = Map.groupBy(new Set(news), ({ account }) => newsSubject(account))
    for (const [subject, touched] of byShard) {
      for (const body of bodiesOf(this.#by, touched)) this.#board.tell(subject, body)
    }
  }

  /** Tells watchers here only. */
  tellHere({ account, mailbox, kind }: MailboxNews): void {
    this.#desk.tell(account, mailbox, kind)
  }

  watch(account: AccountId, listener: (news: MailboxNews) => void, signal: AbortSignal): void {
    if (signal.aborted) return
    this.#desk.watch(account, listener, signal)
    const subject = newsSubject(account)
    const shard = this.#shards.get(subject) ?? this.#hear(subject)
    shard.watched.set(account, (shard.watched.get(account) ?? 0) + 1)
    signal.addEventListener('abort', () => this.#forget(subject, shard, account), { once: true })
  }

  /** Accounts that are watched here. */
  watched(): AccountId[] {
    return [...this.#shards.values()].flatMap(({ watched }) => [...watched.keys()])
  }

  close(): void {
    for (const { leaving } of this.#shards.values()) leaving.abort()
    this.#shards.clear()
  }

  #hear(subject: string): Shard {
    const shard = { leaving: new AbortController(), watched: new Map<AccountId, number>() }
    this.#shards.set(subject, shard)
    this.#board.hear(subject, ({ body }) => this.#heard(shard, body), shard.leaving.signal)
    return shard
  }

  #heard(shard: Shard, body: Uint8Array): void {
    const told = toldIn(body)
    if (told === undefined || told.by === this.#by) return
    for (const [account, mailbox, kind] of told.news) {
      if (shard.watched.has(account)) this.#desk.tell(account, mailbox, kind)
    }
  }

  #forget(subject: string, shard: Shard, account: AccountId): void {
    const left = (shard.watched.get(account) ?? 1) - 1
    if (left > 0) shard.watched.set(account, left)
    else shard.watched.delete(account)
    if (shard.watched.size > 0) return
    shard.leaving.abort()
    if (this.#shards.get(subject) === shard) this.#shards.delete(subject)
  }
}

/** Each mailbox once, in bodies of bounded size. */
function bodiesOf(by: string, news: readonly MailboxNews[]): Buffer[] {
  const entries = [
    ...new Set(news.map(({ account, mailbox, kind }) => JSON.stringify([account, mailbox, kind]))),
  ]
  const bodies: string[][] = []
  let octets = BODY_OCTETS
  for (const entry of entries) {
    const length = Buffer.byteLength(entry) + 1
    if (octets + length > BODY_OCTETS) {
      bodies.push([])
      octets = by.length + 20
    }
    bodies.at(-1)?.push(entry)
    octets += length
  }
  return bodies.map((each) => Buffer.from(`{"by":"${by}","news":[${each.join(',')}]}`))
}

/** Undefined for what is not ours: another program may tell what it likes. */
function toldIn(body: Uint8Array): Told | undefined {
  try {
    const told = JSON.parse(Buffer.from(body).toString()) as Partial<Told> | null
    if (typeof told?.by !== 'string' || !Array.isArray(told.news)) return undefined
    return { by: told.by, news: told.news.filter(isNews) }
  } catch {
    return undefined
  }
}

function isNews(entry: unknown): entry is Told['news'][number] {
  if (!Array.isArray(entry)) return false
  const [account, mailbox, kind] = entry as unknown[]
  const isKind = kind === 'messages' || kind === 'list'
  return typeof account === 'string' && Number.isSafeInteger(mailbox) && isKind
}
