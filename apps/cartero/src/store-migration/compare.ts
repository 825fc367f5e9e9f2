import { createHash, type Hash } from 'node:crypto'

import type { ContentId, ContentStore } from '@cartero/content'
import type {
  Archive,
  ArchivedKind,
  ArchivedRow,
  ArchivedValue,
  CopyLedger,
  Moved,
} from '@cartero/sql/archive'

import { CARRIED } from './side.ts'
import { portions, translated } from './carry-rows.ts'
import type { Carrying } from './carry-contents.ts'
import type { StoreName } from '../services-rules.ts'

/** What both sides have of one kind. */
export interface Comparison {
  readonly store: StoreName | 'content'
  readonly kind: string
  readonly source: number
  readonly target: number
  /** SHA-256 of all of it, the first sixteen octets in hex; '' where it is not the same order on both sides, or was not read. */
  readonly digest: string
  readonly isSame: boolean
  /** Where they differ first. */
  readonly difference?: string
}

export interface Comparing extends Omit<Carrying, 'look'> {
  readonly stores: readonly StoreName[]
  /** Contents are read at the source, too, and not only at the target. */
  readonly readsSource: boolean
}

/** Goes over both sides from the beginning to the end. A difference ends nothing: all is told. */
export async function compare(comparing: Comparing): Promise<readonly Comparison[]> {
  const found: Comparison[] = [await compareContents(comparing)]
  for (const store of CARRIED.filter((each) => comparing.stores.includes(each))) {
    for (const kind of comparing.target.archives[store].kinds)
      found.push(await compareKind(comparing, store, kind))
  }
  return found
}

const PORTION = 1_000
const AT_ONCE = 64

async function compareContents({
  source,
  target,
  ledger,
  watcher,
  readsSource,
}: Comparing): Promise<Comparison> {
  const { contents } = await ledger.sum()
  const [all, sound] = [createHash('sha256'), { count: 0, octets: 0 }]
  let [after, difference]: [string, string | undefined] = ['', undefined]
  for (let done = 0; done < contents;) {
    const moved = await ledger.moved(after, PORTION)
    if (moved.length === 0) break
    const left = moved.values()
    const worker = async (): Promise<void> => {
      for (const one of left) {
        const reason =
          (await wrongIn(target.content, one.target, one)) ??
          (readsSource ? await wrongIn(source.content, one.source, one) : undefined)
        if (reason === undefined) sound.count += 1
        else difference ??= reason
        sound.octets += one.size
      }
    }
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, moved.length) }, worker))
    for (const { digest } of moved) all.update(digest)
    done += moved.length
    after = moved.at(-1)!.source
    watcher.at({ phase: 'comparing', work: 'content', done, about: contents, octets: sound.octets })
  }
  return {
    store: 'content',
    kind: 'content',
    source: contents,
    target: sound.count,
    digest: hexOf(all),
    isSame: difference === undefined && sound.count === contents,
    ...(difference !== undefined && { difference }),
  }
}

/** Undefined when the octets are those that were carried. */
async function wrongIn(
  content: ContentStore,
  id: string,
  { size, digest }: Moved,
): Promise<string | undefined> {
  try {
    const hash = createHash('sha256')
    let octets = 0
    for await (const piece of content.get(id as ContentId)) {
      hash.update(piece)
      octets += piece.length
    }
    if (octets === size && hash.digest().equals(digest)) return undefined
    return `the octets of content ${id} are others`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

async function compareKind(comparing: Comparing, store: StoreName, kind: ArchivedKind): Promise<Comparison> {
  const { ledger, watcher } = comparing
  const [source, target] = [comparing.source.archives[store], comparing.target.archives[store]]
  const told = (done: number, about: number): void =>
    watcher.at({ phase: 'comparing', work: `${store}.${kind.name}`, done, about, octets: 0 })
  const about = await source.about(kind.name)
  const tell = (done: number): void => told(done, about)
  const found = target.lacks
    ? await compareBySearch({ source, target, kind, tell })
    : await compareInOrder({ source, target, kind, ledger, tell })
  return { store, kind: kind.name, ...found }
}

interface Pair {
  readonly source: Archive
  readonly target: Archive
  readonly kind: ArchivedKind
  readonly tell: (done: number) => void
}

type Found = Omit<Comparison, 'store' | 'kind'>

async function compareBySearch({ source, target, kind, tell }: Pair): Promise<Found> {
  let [count, lacking] = [0, 0]
  for await (const { rows } of portions(source, kind, undefined)) {
    lacking += (await target.lacks?.(kind.name, rows)) ?? 0
    tell((count += rows.length))
  }
  const isSame = lacking === 0
  return {
    source: count,
    target: count - lacking,
    digest: '',
    isSame,
    ...(!isSame && { difference: `${lacking} are not there` }),
  }
}

async function compareInOrder({
  source,
  target,
  kind,
  ledger,
  tell,
}: Pair & { readonly ledger: CopyLedger }): Promise<Found> {
  const [here, there] = [new Rows(source, kind), new Rows(target, kind)]
  let difference: string | undefined
  for (;;) {
    const [wanted, found] = await Promise.all([here.next(), there.next()])
    if (wanted.length === 0 && found.length === 0) break
    const expected = await translated(wanted, kind, ledger).catch((error: Error) => {
      difference ??= error.message
      return wanted
    })
    const [own, other] = [here.note(expected), there.note(found)]
    difference ??= firstDifference(own, other)
    tell(here.count)
  }
  const isSame = difference === undefined && here.count === there.count && here.digest === there.digest
  return {
    source: here.count,
    target: there.count,
    digest: isSame ? here.digest : '',
    isSame,
    ...(difference !== undefined && { difference }),
  }
}

/** The rows of one side, in portions that are as long as those of the other. */
class Rows {
  readonly #read: AsyncIterator<{ readonly rows: readonly ArchivedRow[] }>
  readonly #hash = createHash('sha256')
  readonly #size: number
  #held: readonly ArchivedRow[] = []
  #isOver = false
  #digest: string | undefined
  count = 0

  constructor(archive: Archive, kind: ArchivedKind) {
    this.#read = portions(archive, kind, undefined)
    this.#size = kind.portion
  }

  async next(): Promise<readonly ArchivedRow[]> {
    while (this.#held.length < this.#size && !this.#isOver) {
      const { value, done } = await this.#read.next()
      if (done === true) this.#isOver = true
      else this.#held = [...this.#held, ...value.rows]
    }
    const rows = this.#held.slice(0, this.#size)
    this.#held = this.#held.slice(this.#size)
    return rows
  }

  note(rows: readonly ArchivedRow[]): readonly ArchivedRow[] {
    for (const row of rows) noteRow(this.#hash, row)
    this.count += rows.length
    return rows
  }

  get digest(): string {
    return (this.#digest ??= hexOf(this.#hash))
  }
}

function noteRow(hash: Hash, row: ArchivedRow): void {
  let text = ''
  for (const value of row) {
    if (value instanceof Uint8Array) {
      hash.update(`${text}\0octets ${value.length}\0`).update(value)
      text = ''
    } else text += `\0${typeof value} ${String(value).length} ${String(value)}`
  }
  hash.update(`${text}\n`)
}

function firstDifference(own: readonly ArchivedRow[], other: readonly ArchivedRow[]): string | undefined {
  for (let at = 0; at < Math.max(own.length, other.length); at++) {
    const [wanted, found] = [own[at], other[at]]
    if (found === undefined) return `${nameOf(wanted!)} is missing`
    if (wanted === undefined) return `${nameOf(found)} is not in the source`
    if (!isSame(wanted, found)) return `${nameOf(wanted)} and ${nameOf(found)} differ`
  }
  return undefined
}

function isSame(a: ArchivedRow, b: ArchivedRow): boolean {
  return a.length === b.length && a.every((value, at) => isSameValue(value, b[at]))
}

function isSameValue(a: ArchivedValue, b: ArchivedValue | undefined): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0
  return a === b
}

/** Its first values: a key is among them. Nothing of what may be secret. */
function nameOf(row: ArchivedRow): string {
  const words = row
    .slice(0, 2)
    .map((value) => (value instanceof Uint8Array ? '…' : String(value).slice(0, 60)))
  return words.join(' ')
}

function hexOf(hash: Hash): string {
  return hash.digest('hex').slice(0, 32)
}
