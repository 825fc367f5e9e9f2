import { systemClock, type Clock } from '@cartero/wire'

import type { ObjectStore } from '../objects/ports.ts'
import {
  ContentStoreError,
  type ContentDraft,
  type ContentId,
  type ContentStore,
  type OctetRange,
  type Reclaimed,
  type ReferenceOwner,
} from '../ports.ts'
import { PackNames } from './content-name.ts'
import { PACK_LIMITS, type PackLimits } from './limits.ts'
import { PackCache } from './pack-cache.ts'
import { PackDraft, type DraftKeeper } from './pack-draft.ts'
import { PackReader } from './pack-reader.ts'
import { Packer, type Committing } from './packer.ts'
import { Pins } from './pins.ts'
import { Reclaimer } from './reclaimer.ts'
import { Slots } from './slots.ts'

export interface PackedContentOptions {
  /** Where packs lie. The store closes it. */
  readonly objects: ObjectStore
  readonly clock?: Clock
  readonly limits?: Partial<PackLimits>
}

/** A content store over an object store, for any number of processes at once. Packs of several contents pay for one put. */
export async function openPackedContent(options: PackedContentOptions): Promise<ContentStore> {
  return new PackedContent(options)
}

class PackedContent implements ContentStore, DraftKeeper {
  readonly limits: PackLimits
  held = 0
  readonly #objects: ObjectStore
  readonly #names: PackNames
  readonly #pins = new Pins()
  readonly #packer: Packer
  readonly #slots: Slots
  readonly #reader: PackReader
  readonly #reclaimer: Reclaimer
  #isClosed = false
  #isLow = false
  readonly #whoWaits = new Set<() => void>()

  constructor({ objects, clock = systemClock, limits = {} }: PackedContentOptions) {
    this.limits = { ...PACK_LIMITS, ...limits }
    this.#objects = objects
    this.#names = new PackNames(clock)
    this.#slots = new Slots(this.limits.partsUnderWay)
    const cache = new PackCache(objects, this.limits.cacheOctets)
    this.#packer = new Packer({ objects, names: this.#names, cache, clock, limits: this.limits })
    this.#reader = new PackReader(cache)
    this.#reclaimer = new Reclaimer({ objects, cache, pins: this.#pins, clock, limits: this.limits })
  }

  begin(): ContentDraft {
    return new PackDraft(this)
  }

  get(id: ContentId, range?: OctetRange): AsyncIterable<Buffer> {
    return this.#reader.get(id, range)
  }

  read(id: ContentId, range?: OctetRange): Promise<Buffer> {
    return this.#reader.read(id, range)
  }

  async size(id: ContentId): Promise<number> {
    return this.#reader.nameOf(id).size
  }

  unpin(id: ContentId): void {
    this.#pins.unpin(id)
  }

  async reclaim(owners: readonly ReferenceOwner[], signal: AbortSignal): Promise<Reclaimed> {
    const reclaimed = await this.#reclaimer.run(owners, signal)
    this.#isLow = false
    return reclaimed
  }

  /** An object store does not tell before it is full. */
  whenLow(signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#isLow) return Promise.resolve()
    return new Promise((resolve) => {
      const leave = (): void => {
        this.#whoWaits.delete(leave)
        signal.removeEventListener('abort', leave)
        resolve()
      }
      this.#whoWaits.add(leave)
      signal.addEventListener('abort', leave, { once: true })
    })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([this.#packer.idle(), this.#slots.idle()])
    await this.#objects.close()
  }

  check(): void {
    if (this.#isClosed) throw new ContentStoreError('io', 'the content store is closed')
  }

  opened(): string {
    const pack = this.#names.next()
    this.#pins.open(pack)
    return pack
  }

  closed(pack: string): void {
    this.#pins.close(pack)
  }

  pack(content: Committing): void {
    this.#packer.add({
      ...content,
      failed: (error) => {
        this.#look(error)
        content.failed(error)
      },
    })
  }

  async putPart(name: string, octets: Buffer): Promise<void> {
    try {
      await this.#slots.run(() => this.#objects.put(name, octets))
    } catch (error) {
      this.#look(error)
      throw error
    }
  }

  committed(id: ContentId): void {
    this.#pins.pin(id)
  }

  #look(error: unknown): void {
    if (!(error instanceof ContentStoreError) || error.fault !== 'full') return
    this.#isLow = true
    for (const leave of this.#whoWaits) leave()
  }
}
