import type { MessageNumbers } from '../number-set.ts'
import type { UntaggedResponse } from '../response.ts'

/** What a session holds of each message. A row is replaced, never changed. */
export interface TrackedRow {
  readonly uid: number
  readonly flags: readonly string[]
  readonly modseq: number
}

/**
 * One session's own view of a mailbox: which number the client knows each message by. The store moves on; the view
 * moves only when the client is told, so that numbers always mean the same to both (RFC 3501 §7.4.1, RFC 9051 §7.5.1).
 *
 * Invariants: rows ascend by uid; row i is sequence number i + 1 to the client; a message that is gone keeps its row
 * until EXPUNGE was said; one that arrived has none until EXISTS was said.
 */
export class MailboxTracker {
  #rows: TrackedRow[]
  #arrived: TrackedRow[] = []
  readonly #gone = new Set<number>()
  /** Uids whose flags the client has not heard of. */
  readonly #stale = new Set<number>()
  #saved: readonly number[] = []
  #withModseq = false

  /** @param rows by ascending uid: what SELECT has told */
  constructor(rows: readonly TrackedRow[]) {
    this.#rows = [...rows]
  }

  /** CONDSTORE is enabled: flag updates tell the modseq, too (RFC 7162 §3.2.4). */
  tellModseq(): void {
    this.#withModseq = true
  }

  get tellsModseq(): boolean {
    return this.#withModseq
  }

  /** Messages as the client counts them. */
  get exists(): number {
    return this.#rows.length
  }

  /** Is there something that `take` would tell? */
  get hasNews(): boolean {
    return this.#arrived.length > 0 || this.#gone.size > 0 || this.#stale.size > 0
  }

  /** The message of a sequence number from 1 to `exists`. It may be gone already. */
  row(sequence: number): TrackedRow {
    return this.#rows[sequence - 1]!
  }

  isGone(uid: number): boolean {
    return this.#gone.has(uid)
  }

  /** The sequence number by which the client knows a uid, or undefined. */
  sequenceOf(uid: number): number | undefined {
    const index = indexAtOrAfter(this.#rows, uid)
    return this.#rows[index]?.uid === uid ? index + 1 : undefined
  }

  /**
   * The ascending sequence numbers that a command means; uids that do not exist mean nothing (RFC 3501 §6.4.8).
   * Undefined when a sequence number is above `exists`, which is the client's mistake.
   */
  resolve({ set, uid }: MessageNumbers): readonly number[] | undefined {
    if (set === '$') return this.#sequencesOf(this.#saved)
    if (!uid) {
      if (this.exists === 0) return set.hasStar ? [] : undefined
      const plain = set.resolve(this.exists)
      return plain.reaches(this.exists) ? undefined : this.#span(plain.ranges, false)
    }
    const largest = this.#rows.at(-1)?.uid
    return largest === undefined ? [] : this.#span(set.resolve(largest).ranges, true)
  }

  /** Keeps the result of a search for `$` (RFC 9051 §6.4.4.1). */
  save(uids: readonly number[]): void {
    this.#saved = uids
  }

  /** New or changed rows, from the store. Those that are known in that state already are passed over. */
  changed(rows: readonly TrackedRow[]): void {
    const last = this.#arrived.at(-1)?.uid ?? this.#rows.at(-1)?.uid ?? 0
    const fresh: TrackedRow[] = []
    for (const row of rows) {
      if (row.uid > last) fresh.push(row)
      else if (this.#replace(row)) this.#stale.add(row.uid)
    }
    this.#arrived.push(...fresh.sort((a, b) => a.uid - b.uid))
  }

  /** Rows whose new flags the client is told by other ways, or has set itself. */
  settled(rows: readonly TrackedRow[]): void {
    for (const row of rows) {
      this.#replace(row)
      this.#stale.delete(row.uid)
    }
  }

  /** Uids that are no longer in the store. */
  vanished(uids: Iterable<number>): void {
    const gone = new Set(uids)
    if (gone.size === 0) return
    this.#arrived = this.#arrived.filter((row) => !gone.has(row.uid))
    for (const uid of gone) if (this.sequenceOf(uid) !== undefined) this.#gone.add(uid)
  }

  /** The mailbox itself is gone, and every message with it. */
  vanishedAll(): void {
    this.#arrived = []
    for (const row of this.#rows) this.#gone.add(row.uid)
  }

  /**
   * What the client is to be told now: removals (only when numbers may shift), arrivals, flags. After it the view is
   * what was told.
   */
  take(expunges: boolean): readonly UntaggedResponse[] {
    if (!this.hasNews) return NOTHING
    const told: UntaggedResponse[] = []
    if (expunges && this.#gone.size > 0) this.#tellGone(told)
    if (this.#arrived.length > 0) {
      for (const row of this.#arrived) this.#rows.push(row)
      this.#arrived = []
      told.push({ kind: 'exists', number: this.exists })
    }
    for (const uid of this.#stale) this.#tellFlags(told, uid)
    this.#stale.clear()
    return told
  }

  /** From the last to the first, so that each number is right whatever was said before it. */
  #tellGone(told: UntaggedResponse[]): void {
    for (let sequence = this.#rows.length; sequence > 0; sequence--) {
      if (this.#gone.has(this.row(sequence).uid)) told.push({ kind: 'expunge', number: sequence })
    }
    this.#rows = this.#rows.filter((row) => !this.#gone.has(row.uid))
    for (const uid of this.#gone) this.#stale.delete(uid)
    this.#gone.clear()
  }

  #tellFlags(told: UntaggedResponse[], uid: number): void {
    const sequence = this.sequenceOf(uid)
    if (sequence === undefined || this.#gone.has(uid)) return
    const { flags, modseq } = this.row(sequence)
    const items = [{ item: 'UID', uid } as const, { item: 'FLAGS', flags } as const]
    told.push({
      kind: 'fetch',
      message: { sequence, items: this.#withModseq ? [...items, { item: 'MODSEQ', modseq }] : items },
    })
  }

  /** Puts the newer row in place of the older; false when it is no newer. */
  #replace(row: TrackedRow): boolean {
    for (const rows of [this.#rows, this.#arrived]) {
      const index = indexAtOrAfter(rows, row.uid)
      if (rows[index]?.uid !== row.uid) continue
      if (rows[index].modseq >= row.modseq) return false
      rows[index] = row
      return rows === this.#rows
    }
    return false
  }

  #sequencesOf(uids: readonly number[]): readonly number[] {
    return uids.map((uid) => this.sequenceOf(uid)).filter((sequence) => sequence !== undefined)
  }

  #span(ranges: readonly (readonly [number, number])[], uid: boolean): readonly number[] {
    const sequences: number[] = []
    for (const [first, last] of ranges) {
      const from = uid ? indexAtOrAfter(this.#rows, first) + 1 : first
      const to = uid ? indexAtOrAfter(this.#rows, last + 1) : last
      for (let sequence = from; sequence <= to; sequence++) sequences.push(sequence)
    }
    return sequences
  }
}

const NOTHING: readonly UntaggedResponse[] = []

/** Where the first row with this uid or a larger one stands. */
function indexAtOrAfter(rows: readonly TrackedRow[], uid: number): number {
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (rows[middle]!.uid < uid) low = middle + 1
    else high = middle
  }
  return low
}
