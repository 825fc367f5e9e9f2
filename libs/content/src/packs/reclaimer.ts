import type { Clock } from '@cartero/wire'

import type { ObjectStore, StoredObject } from '../objects/ports.ts'
import type { Reclaimed, ReferenceOwner } from '../ports.ts'
import {
  packOf,
  parseName,
  prefixOf,
  remnantName,
  timeOf,
  type ContentName,
  type PackedName,
} from './content-name.ts'
import type { PackLimits } from './limits.ts'
import type { PackCache } from './pack-cache.ts'
import { isIntact } from './pack-reader.ts'
import type { Pins } from './pins.ts'
import { encodeRemnant, type Kept } from './remnant.ts'

export interface ReclaimerParts {
  readonly objects: ObjectStore
  readonly cache: PackCache
  readonly pins: Pins
  readonly clock: Clock
  readonly limits: PackLimits
}

/** The objects of one pack. */
interface Group {
  readonly pack: string
  readonly objects: readonly StoredObject[]
}

const NOTHING: Reclaimed = { freed: 0, moved: 0 }

/** Deletes packs to which nobody refers, and makes those smaller of which little is referred to. */
export class Reclaimer {
  readonly #parts: ReclaimerParts

  constructor(parts: ReclaimerParts) {
    this.#parts = parts
  }

  async run(owners: readonly ReferenceOwner[], signal: AbortSignal): Promise<Reclaimed> {
    const { clock, limits } = this.#parts
    const youngFrom = clock.now() - limits.young
    let [freed, moved] = [0, 0]
    for await (const group of this.#groups(signal)) {
      // Names sort by time.
      if (signal.aborted || timeOf(group.pack) > youngFrom) break
      const reclaimed = await this.#reclaim(group, owners)
      freed += reclaimed.freed
      moved += reclaimed.moved
    }
    return { freed, moved }
  }

  async *#groups(signal: AbortSignal): AsyncIterable<Group> {
    let group: { readonly pack: string; readonly objects: StoredObject[] } | undefined
    for await (const portion of this.#parts.objects.list(signal)) {
      for (const object of portion) {
        const pack = packOf(object.name)
        if (pack === undefined) continue
        if (pack !== group?.pack) {
          if (group !== undefined) yield group
          group = { pack, objects: [] }
        }
        group.objects.push(object)
      }
    }
    if (group !== undefined) yield group
  }

  async #reclaim(group: Group, owners: readonly ReferenceOwner[]): Promise<Reclaimed> {
    const { pins, limits } = this.#parts
    if (pins.hold(group.pack)) return NOTHING
    const live = await this.#live(group.pack, owners)
    if (live === undefined) return NOTHING
    if (live.length === 0) return { freed: await this.#delete(group.objects), moved: 0 }
    const whole = group.objects.find(({ name }) => name === group.pack)
    const packed = live.filter((name) => name.kind === 'packed')
    if (whole === undefined || packed.length < live.length) return NOTHING
    const octets = packed.reduce((sum, { size }) => sum + size, 0)
    return octets < whole.size * limits.liveShare ? await this.#makeSmaller(whole, packed) : NOTHING
  }

  /**
   * Owners are asked twice, the second time in reverse order, and pins are looked at in between: a reference that is
   * passed from one to another meanwhile is seen at least once. Undefined when somebody here holds it.
   */
  async #live(pack: string, owners: readonly ReferenceOwner[]): Promise<readonly ContentName[] | undefined> {
    const live = new Set<string>()
    const ask = async (owner: ReferenceOwner): Promise<void> => {
      for (const id of await owner.referenced(prefixOf(pack))) live.add(id)
    }
    for (const owner of owners) await ask(owner)
    if (this.#parts.pins.hold(pack)) return undefined
    for (const owner of owners.toReversed()) await ask(owner)
    return [...live].map(parseName).filter((name) => name?.pack === pack) as ContentName[]
  }

  async #delete(objects: readonly StoredObject[]): Promise<number> {
    let freed = 0
    for (const { name, size } of objects) {
      await this.#parts.objects.delete(name)
      this.#parts.cache.forget(name)
      freed += size
    }
    return freed
  }

  /** Puts what stays aside, then deletes the pack. Nobody reads what was put aside while the pack is there. */
  async #makeSmaller(whole: StoredObject, live: readonly PackedName[]): Promise<Reclaimed> {
    const { objects, cache } = this.#parts
    const octets = await objects.read(whole.name, { start: 0, end: whole.size })
    const kept = octets && keptOf(octets, live)
    if (kept === undefined) return NOTHING
    const remnant = encodeRemnant(kept)
    await objects.put(remnantName(whole.name), remnant)
    cache.forget(remnantName(whole.name))
    await this.#delete([whole])
    return { freed: whole.size - remnant.length, moved: remnant.length }
  }
}

/** Undefined when something of it is damaged: then it stays as it is. */
function keptOf(octets: Buffer, live: readonly PackedName[]): readonly Kept[] | undefined {
  const kept: Kept[] = []
  for (const name of live) {
    const content = octets.subarray(name.offset, name.offset + name.size)
    if (!isIntact(content, name)) return undefined
    kept.push({ offset: name.offset, octets: content })
  }
  return kept
}
