import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

import { LineClient, type Credentials } from '@cartero/testkit'
import { lookIntoInbox } from '@cartero/testkit/inbox'

import type { ApartStage } from '@cartero/testkit/apart'
import type { CountingHost } from './counting-host.ts'

/** Milliseconds: longer than the broker waits for who was killed while he had mail of it (ten seconds), on a loaded machine. */
const PATIENCE = 90_000
/** Before somebody tries again who was told to come later, or whose connection ended. */
const PAUSE = 50
/** One letter of so many is larger than what goes with its envelope, so that it goes by the content store. */
const LARGE_EACH = 25
const LARGE_OCTETS = 300 * 1024
/** One letter of so many that are submitted is for another host. */
const OUTWARD_EACH = 10
/** Promises that show that a door takes mail again. */
const ENOUGH = 20

export type EdgeName = 'mx' | 'msa'

export interface Load {
  /** Who stays up; both when absent. */
  readonly edges?: readonly EdgeName[]
  /** Of each edge. */
  readonly sessions?: number
}

/** What was answered to letters: a promise, a word to come later, or nothing since the connection ended. */
export interface Tally {
  readonly promised: number
  readonly later: number
  readonly broken: number
  /** The longest that anybody waited for an answer, in milliseconds. */
  readonly longest: number
}

/** Letters that were answered 250, who has to have them, and who has them. */
export class PromisedLetters {
  readonly #stage: ApartStage
  readonly #accounts: readonly Credentials[]
  readonly #elsewhere: CountingHost
  /** By id: the address. */
  readonly #promised = new Map<string, string>()
  /** Each that was begun, and answered 250 or not. */
  #begun = 0

  constructor(stage: ApartStage, accounts: readonly Credentials[], elsewhere: CountingHost) {
    this.#stage = stage
    this.#accounts = accounts
    this.#elsewhere = elsewhere
  }

  get count(): number {
    return this.#promised.size
  }

  /**
   * Clients write letters while `work` is done, from when mail is flowing until it flows again. Nobody gives up: who is told 4xx, or nothing,
   * writes another letter. `work` is given a way to wait until letters are promised at this moment, too.
   */
  async under(load: Load, work: (flows: () => Promise<void>) => Promise<void>): Promise<Tally> {
    const { edges = ['mx', 'msa'], sessions = 2 } = load
    const tally = { promised: 0, later: 0, broken: 0, longest: 0 }
    const leaving = new AbortController()
    const flows = async (): Promise<void> => {
      const wanted = tally.promised + ENOUGH
      await this.#until(
        () => tally.promised >= wanted,
        () => `promised ${tally.promised} of ${wanted}`,
      )
    }
    const all = edges.flatMap((edge) =>
      Array.from({ length: sessions }, () => this.#write(edge, tally, leaving.signal)),
    )
    try {
      await flows()
      await work(flows)
      await flows()
    } finally {
      leaving.abort()
      await Promise.all(all)
    }
    return tally
  }

  /** Waits until all that is promised is where it belongs; there once, and nothing twice. */
  async areKept(): Promise<void> {
    let found = await this.found()
    const missing = (): string[] =>
      [...this.#promised].flatMap(([id, to]) => (found.has(`${id} ${to}`) ? [] : id))
    await this.#until(
      async () => {
        if (missing().length === 0) return true
        found = await this.found()
        return missing().length === 0
      },
      () => `${missing().length} of ${this.count} are lost: ${missing().slice(0, 10).join(', ')}`,
    )
    const local = [...found].filter(([key]) => !key.endsWith('@elsewhere.test'))
    assert.deepEqual(
      local.filter(([, times]) => times > 1),
      [],
      'letters that came twice',
    )
    const ids = local.map(([key]) => key.split(' ')[0]!)
    assert.equal(new Set(ids).size, ids.length, 'letters that came to two mailboxes')
  }

  /** Of letters that are in our mailboxes. */
  async ids(): Promise<readonly string[]> {
    const found = await this.found()
    return [...found.keys()].filter((key) => key.endsWith('@cartero.test')).map((key) => key.split(' ')[0]!)
  }

  /** Letters that came more than once to another host, and how often. */
  get outwardTwice(): ReadonlyMap<string, number> {
    const copies = [...this.#elsewhere.copies].map(([id, { length }]) => [id, length] as const)
    return new Map(copies.filter(([, times]) => times > 1))
  }

  /** By id and address: how often it is there. */
  async found(): Promise<ReadonlyMap<string, number>> {
    const found = new Map<string, number>()
    const add = (key: string, times: number): void => void found.set(key, (found.get(key) ?? 0) + times)
    for (const [id, { length }] of this.#elsewhere.copies) add(`${id} ${id}@elsewhere.test`, length)
    for (const account of this.#accounts)
      for (const id of await this.#idsOf(account)) add(`${id} ${account.address}`, 1)
    return found
  }

  async #idsOf(account: Credentials): Promise<readonly string[]> {
    return await lookIntoInbox(this.#stage, account, async (client, exists) => {
      if (exists === 0) return []
      const all = await client.fetchAll('1:*', { envelope: true })
      return all.flatMap(({ envelope }) => /^letter (\w+)$/.exec(envelope?.subject ?? '')?.[1] ?? [])
    })
  }

  async #write(edge: EdgeName, tally: Counted, leaving: AbortSignal): Promise<void> {
    while (!leaving.aborted) {
      try {
        using client = await this.#enter(edge)
        while (!leaving.aborted) await this.#letter(client, { edge, tally })
      } catch {
        tally.broken++
      }
      await sleep(PAUSE)
    }
  }

  async #enter(edge: EdgeName): Promise<LineClient> {
    const client =
      edge === 'mx'
        ? await LineClient.connect(this.#stage.port(25))
        : await LineClient.connectTls(this.#stage.port(465))
    try {
      mustBe(await client.reply(), '220')
      mustBe(await client.smtp('EHLO client.test'), '250')
      if (edge === 'msa') mustBe(await client.smtp(`AUTH PLAIN ${plain(this.#accounts[0]!)}`), '235')
      return client
    } catch (error) {
      client[Symbol.dispose]()
      throw error
    }
  }

  /** Throws where the session cannot go on. */
  async #letter(client: LineClient, { edge, tally }: { edge: EdgeName; tally: Counted }): Promise<void> {
    const n = this.#begun++
    const id = `l${n}`
    const isOutward = edge === 'msa' && n % OUTWARD_EACH === 0
    const to = isOutward ? `${id}@elsewhere.test` : this.#accounts[n % this.#accounts.length]!.address
    const from = edge === 'msa' ? this.#accounts[0]!.address : 'ann@outside.test'
    const began = performance.now()
    const answer = await converse(client, [
      `MAIL FROM:<${from}>`,
      `RCPT TO:<${to}>`,
      'DATA',
      `Subject: letter ${id}\r\nMessage-ID: <${id}@client.test>\r\n\r\n${n % LARGE_EACH === 0 ? LARGE : SMALL}\r\n.`,
    ])
    tally.longest = Math.max(tally.longest, performance.now() - began)
    if (answer.startsWith('250')) {
      this.#promised.set(id, to)
      tally.promised++
      return
    }
    assert.match(answer, /^4/, `a letter was refused for good: ${answer}`)
    tally.later++
    await sleep(PAUSE)
    if (answer.startsWith('421')) throw new Error(answer)
    mustBe(await client.smtp('RSET'), '250')
  }

  async #until(isSo: () => boolean | Promise<boolean>, why: () => string): Promise<void> {
    const late = AbortSignal.timeout(PATIENCE)
    while (!late.aborted) {
      // An agent that is away is one that is asked again.
      if (await Promise.resolve(isSo()).catch(() => false)) return
      await sleep(PAUSE)
    }
    throw new Error(`${why()}\n${this.#stage.output}`)
  }
}

type Counted = { -readonly [name in keyof Tally]: Tally[name] }

const line = (octets: number): string => `${'x'.repeat(70)}\r\n`.repeat(octets / 72)
const SMALL = line(1_000)
const LARGE = line(LARGE_OCTETS)

/** Until the first answer that is no yes; the last answer. */
async function converse(client: LineClient, said: readonly string[]): Promise<string> {
  let answer = ''
  for (const words of said) {
    answer = await client.smtp(words)
    if (!/^[23]/.test(answer)) return answer
  }
  return answer
}

function mustBe(answer: string, code: string): void {
  if (!answer.startsWith(code)) throw new Error(answer)
}

function plain({ address, password }: Credentials): string {
  return Buffer.from(`\0${address}\0${password}`).toString('base64')
}
