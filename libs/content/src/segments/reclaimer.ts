import { join } from 'node:path'

import type { ContentId, LogPosition, Reclaimed, ReferenceOwner } from '../ports.ts'
import { parseName, prefixOf, type ContentName } from './content-name.ts'
import type { DiskReserve } from './disk-reserve.ts'
import type { FileSystem } from './file-system.ts'
import { FRAME_HEADER, frameSize } from './frame.ts'
import { FrameWalker, type Damage, type Frame } from './frame-walker.ts'
import type { MovedMaps } from './moved-map.ts'
import { segmentName } from './segment.ts'
import type { SegmentFiles } from './segment-files.ts'
import { Surveyor, type Survey } from './survey.ts'
import type { Writer } from './writer.ts'

/** A segment of which less than this share is live is emptied. */
const MIN_LIVE_SHARE = 0.5
/** Octets that are moved at once. */
const MOVE_OCTETS = 1024 * 1024

export interface ReclaimerParts {
  readonly fileSystem: FileSystem
  readonly directory: string
  readonly files: SegmentFiles
  readonly moved: MovedMaps
  readonly writer: Writer
  /** Numbers of all segments, ascending. */
  readonly existing: Set<number>
  readonly pinned: ReadonlySet<ContentId>
  /** Where the contents begin that are being written. */
  readonly drafts: ReadonlySet<LogPosition>
  readonly labelsFrom: () => LogPosition
  readonly reserve: DiskReserve
  readonly report: (damage: Damage) => void
}

/** Contents that somebody refers to: where they originate, as a number, and their names. */
type Live = ReadonlyMap<number, ContentName | undefined>

interface Verdict {
  readonly state: 'kept' | 'sparse' | 'dead'
  /** Octets that would have to be moved. */
  readonly live: number
}

const KEPT: Verdict = { state: 'kept', live: Infinity }

/** Unlinks closed segments in which nothing is live, and empties those in which little is. */
export class Reclaimer {
  readonly #parts: ReclaimerParts
  readonly #surveyor: Surveyor

  constructor(parts: ReclaimerParts) {
    this.#parts = parts
    this.#surveyor = new Surveyor(parts.fileSystem, parts.directory, parts.files, parts.report)
  }

  async run(owners: readonly ReferenceOwner[], signal: AbortSignal): Promise<Reclaimed> {
    const closed = await this.#round(this.#closedSegments(), owners, signal)
    const given = await this.#giveUpOpenSegment(owners, signal)
    const open = given === undefined ? { freed: 0, moved: 0 } : await this.#round([given], owners, signal)
    await this.#tidyMaps()
    return { freed: closed.freed + open.freed, moved: closed.moved + open.moved }
  }

  async #round(
    segments: readonly number[],
    owners: readonly ReferenceOwner[],
    signal: AbortSignal,
  ): Promise<Reclaimed> {
    const sparse: { readonly segment: number; readonly live: number }[] = []
    let [freed, moved] = [0, 0]
    for (const segment of segments) {
      if (signal.aborted) break
      const { state, live } = await this.#judge(segment, await this.#surveyor.of(segment), owners)
      if (state === 'dead') freed += await this.#remove(segment)
      if (state === 'sparse') sparse.push({ segment, live })
    }
    // Moving needs space, so it comes when all that could be freed without it is free, and what frees most comes first.
    for (const { segment, live } of sparse.toSorted((a, b) => a.live - b.live)) {
      // Half a move would leave copies on a full disk to which nothing leads.
      if (signal.aborted || live + MOVE_OCTETS > (await this.#parts.reserve.free())) break
      moved += await this.#empty(segment, owners)
      freed += await this.#remove(segment)
    }
    return { freed, moved }
  }

  /**
   * While the disk is low the open segment is closed as soon as it is worth being reclaimed: nobody may write what would
   * fill it. Returns its number, or undefined.
   */
  async #giveUpOpenSegment(
    owners: readonly ReferenceOwner[],
    signal: AbortSignal,
  ): Promise<number | undefined> {
    const { reserve, writer } = this.#parts
    await reserve.look()
    if (signal.aborted || !reserve.isLow) return undefined
    const { number, end } = writer.segment
    const survey = await this.#surveyor.ofOpen(number, end)
    if (survey.octets === 0 || (await this.#judge(number, survey, owners)).state === 'kept') return undefined
    await writer.giveUpSegment(number)
    return number
  }

  #closedSegments(): number[] {
    const { existing, writer } = this.#parts
    return [...existing].filter((number) => number < writer.segment.number)
  }

  async #judge(segment: number, survey: Survey, owners: readonly ReferenceOwner[]): Promise<Verdict> {
    if (this.#isLabelNeeded(segment, survey.lastLabel)) return KEPT
    const live = liveOctets(segment, survey, await this.#live(survey.origins, owners))
    if (live === 0) return { state: 'dead', live }
    return live < survey.octets * MIN_LIVE_SHARE ? { state: 'sparse', live } : KEPT
  }

  #isLabelNeeded(segment: number, lastLabel: number): boolean {
    const from = this.#parts.labelsFrom()
    return lastLabel > 0 && (segment > from.segment || (segment === from.segment && lastLabel >= from.offset))
  }

  /**
   * Owners are asked twice, the second time in reverse order, and pins are looked at in between: a reference that is
   * passed from one to another meanwhile is seen at least once.
   */
  async #live(origins: readonly number[], owners: readonly ReferenceOwner[]): Promise<Live> {
    const live = new Map<number, ContentName | undefined>()
    const add = (id: ContentId) => {
      const name = parseName(id)
      if (name !== undefined) live.set(keyOf(name.origin), name)
    }
    const ask = async (owner: ReferenceOwner) => {
      for (const origin of origins) for (const id of await owner.referenced(prefixOf(origin))) add(id)
    }
    for (const owner of owners) await ask(owner)
    const among = new Set(origins)
    for (const id of this.#parts.pinned) if (among.has(parseName(id)?.origin.segment ?? 0)) add(id)
    for (const draft of this.#parts.drafts) if (among.has(draft.segment)) live.set(keyOf(draft), undefined)
    for (const owner of owners.toReversed()) await ask(owner)
    return live
  }

  async #eachLive(number: number, live: Live, visit: (frame: Frame) => void | Promise<void>): Promise<void> {
    const { files, report } = this.#parts
    await files.reading(number, async (segment) => {
      const walker = new FrameWalker(segment.file, segment, { report })
      for (let frame = await walker.next(); frame !== undefined; frame = await walker.next()) {
        if (live.has(keyOf(frame.origin)) && (await this.#isCurrent(number, frame))) await visit(frame)
      }
    })
  }

  /** A copy counts only while the map leads to it: an interrupted move leaves copies to which nothing leads. */
  async #isCurrent(segment: number, frame: Frame): Promise<boolean> {
    if (!frame.isMoved) return true
    const place = await this.#parts.moved.find(frame.home)
    return place?.segment === segment && place.offset === frame.offset
  }

  /** Copies what is live to the end of the log. When it returns, the copies and the maps to them are durable. */
  async #empty(segment: number, owners: readonly ReferenceOwner[]): Promise<number> {
    const { origins } = await this.#surveyor.of(segment)
    const live = await this.#live(origins, owners)
    const moves = new Map<number, Map<number, LogPosition>>()
    let octets = 0
    let [pending, pendingOctets]: [Promise<void>[], number] = [[], 0]
    await this.#eachLive(segment, live, async (frame) => {
      octets += frameSize(frame)
      pendingOctets += frameSize(frame)
      pending.push(this.#move(frame, moves))
      if (pendingOctets < MOVE_OCTETS) return
      await Promise.all(pending)
      ;[pending, pendingOctets] = [[], 0]
    })
    await Promise.all(pending)
    for (const [home, places] of moves) {
      await this.#parts.moved.store(home, new Map([...(await this.#parts.moved.of(home)), ...places]))
    }
    return octets
  }

  #move(frame: Frame, moves: Map<number, Map<number, LogPosition>>): Promise<void> {
    const { kind, length, origin, home } = frame
    const octets = Buffer.from(frame.octets)
    let place: LogPosition
    return new Promise((resolve, reject) => {
      this.#parts.writer.enqueue({
        kind,
        length,
        label: undefined,
        isDurable: true,
        isVoid: () => false,
        origin: () => origin,
        home,
        octets: () => [octets],
        placed: (position) => {
          place = position
        },
        done: () => {
          const places = moves.get(home.segment) ?? new Map<number, LogPosition>()
          moves.set(home.segment, places.set(home.offset, place))
          resolve()
        },
        failed: reject,
      })
    })
  }

  async #remove(segment: number): Promise<number> {
    const { fileSystem, directory, files, existing } = this.#parts
    const size = await files.reading(segment, ({ file }) => file.size())
    existing.delete(segment)
    const closing = files.drop(segment)
    await fileSystem.unlink(join(directory, segmentName(segment)))
    // An open file keeps its octets.
    await closing
    await this.#surveyor.forget(segment)
    return size
  }

  /** Entries that lead to a segment that is gone lead to nothing that is live. */
  async #tidyMaps(): Promise<void> {
    const { moved, existing } = this.#parts
    for (const segment of moved.segments) {
      const moves = await moved.of(segment)
      const kept = new Map([...moves].filter(([, place]) => existing.has(place.segment)))
      if (kept.size < moves.size) await moved.store(segment, kept)
    }
  }
}

/** How much of a segment is live; at most too much, by copies that an interrupted move left. */
function liveOctets(segment: number, { parts }: Survey, live: Live): number {
  let octets = 0
  for (const name of live.values()) {
    if (name?.origin.segment === segment && name.extents === undefined) octets += FRAME_HEADER + name.size
  }
  for (const [origin, offset, size] of parts) if (live.has(keyOf({ segment: origin, offset }))) octets += size
  return octets
}

function keyOf({ segment, offset }: LogPosition): number {
  return segment * 2 ** 32 + offset
}
