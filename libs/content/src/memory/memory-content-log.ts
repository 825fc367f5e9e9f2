import { clip, PIECE_OCTETS } from '../octet-range.ts'
import {
  ContentStoreError,
  type ContentDraft,
  type ContentId,
  type ContentLog,
  type LabelledContent,
  type LogPosition,
  type OctetRange,
  type Reclaimed,
  type ReferenceOwner,
} from '../ports.ts'

/** Contents that lie together, so that reclaiming has groups to ask about. */
const GROUP_SIZE = 16

interface Stored {
  readonly id: ContentId
  readonly octets: Buffer
  readonly label: Buffer | undefined
  readonly position: LogPosition
}

/** A ContentLog that forgets everything with the process. */
export class MemoryContentLog implements ContentLog {
  readonly #stored = new Map<ContentId, Stored>()
  readonly #pinned = new Set<ContentId>()
  #count = 0
  #labelsFrom: LogPosition = positionOf(0)
  #closed = false

  begin(): ContentDraft {
    const pieces: Buffer[] = []
    let size = 0
    let ended = false
    return {
      get size() {
        return size
      },
      write: (bytes) => {
        if (ended) throw new ContentStoreError('io', 'the draft has ended')
        pieces.push(bytes)
        size += bytes.length
      },
      commit: async (label) => {
        if (ended || this.#closed) throw new ContentStoreError('io', 'the draft has ended')
        ended = true
        return this.#keep(Buffer.concat(pieces, size), label)
      },
      abort: () => {
        ended = true
        pieces.length = 0
      },
    }
  }

  #keep(octets: Buffer, label: Buffer | undefined): ContentId {
    const position = positionOf(this.#count++)
    const id = `${position.segment}.${position.offset}.${octets.length}` as ContentId
    this.#stored.set(id, { id, octets, label: label && Buffer.from(label), position })
    this.#pinned.add(id)
    return id
  }

  async *get(id: ContentId, range?: OctetRange): AsyncIterable<Buffer> {
    const octets = await this.read(id, range)
    for (let start = 0; start < octets.length; start += PIECE_OCTETS) {
      yield octets.subarray(start, start + PIECE_OCTETS)
    }
  }

  async read(id: ContentId, range?: OctetRange): Promise<Buffer> {
    const { octets } = this.#find(id)
    const { start, end } = clip(range, octets.length)
    return octets.subarray(start, end)
  }

  async size(id: ContentId): Promise<number> {
    return this.#find(id).octets.length
  }

  #find(id: ContentId): Stored {
    const stored = this.#stored.get(id)
    if (stored === undefined) throw new ContentStoreError('missing', `there is no content ${id}`)
    return stored
  }

  unpin(id: ContentId): void {
    this.#pinned.delete(id)
  }

  async reclaim(owners: readonly ReferenceOwner[], signal: AbortSignal): Promise<Reclaimed> {
    let freed = 0
    const groups = Map.groupBy(this.#stored.values(), (stored) => stored.position.segment)
    for (const [segment, group] of groups) {
      if (signal.aborted) break
      const live = await liveIds(`${segment}.`, owners)
      for (const stored of group) {
        if (live.has(stored.id) || this.#pinned.has(stored.id) || this.#isLabelNeeded(stored)) continue
        this.#stored.delete(stored.id)
        freed += stored.octets.length
      }
    }
    return { freed, moved: 0 }
  }

  /** Never short. */
  whenLow(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve()
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  }

  #isLabelNeeded({ label, position }: Stored): boolean {
    return label !== undefined && !isBefore(position, this.#labelsFrom)
  }

  async *scan(from: LogPosition = positionOf(0)): AsyncIterable<LabelledContent> {
    for (const { id, octets, label, position } of this.#stored.values()) {
      if (label === undefined || isBefore(position, from)) continue
      yield { id, size: octets.length, label, position, next: following(position) }
    }
  }

  get end(): LogPosition {
    return positionOf(this.#count)
  }

  forgetLabelsBefore(position: LogPosition): void {
    this.#labelsFrom = position
  }

  async close(): Promise<void> {
    this.#closed = true
  }
}

/** Asked twice, the second time in reverse order: a reference that moves between owners meanwhile is seen once at least. */
async function liveIds(prefix: string, owners: readonly ReferenceOwner[]): Promise<Set<ContentId>> {
  const live = new Set<ContentId>()
  for (const owner of [...owners, ...owners.toReversed()]) {
    for (const id of await owner.referenced(prefix)) live.add(id)
  }
  return live
}

function positionOf(count: number): LogPosition {
  return { segment: Math.floor(count / GROUP_SIZE), offset: count % GROUP_SIZE }
}

function following({ segment, offset }: LogPosition): LogPosition {
  return positionOf(segment * GROUP_SIZE + offset + 1)
}

function isBefore(a: LogPosition, b: LogPosition): boolean {
  return a.segment < b.segment || (a.segment === b.segment && a.offset < b.offset)
}
