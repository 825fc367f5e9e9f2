import { crc32 } from 'node:zlib'

import type { Clock } from '@cartero/wire'

import type { ObjectStore } from '../objects/ports.ts'
import { ContentStoreError, type ContentId } from '../ports.ts'
import { formatName, type PackNames } from './content-name.ts'
import type { PackCache } from './pack-cache.ts'
import type { PackLimits } from './limits.ts'

/** A content that is committed and waits for its pack. */
export interface Committing {
  readonly pieces: readonly Buffer[]
  readonly size: number
  /** It is durable. */
  done(id: ContentId): void
  failed(error: ContentStoreError): void
}

export interface PackerParts {
  readonly objects: ObjectStore
  readonly names: PackNames
  readonly cache: PackCache
  readonly clock: Clock
  readonly limits: PackLimits
}

/** Puts contents into packs: what is committed while a pack is under way shares the next one. */
export class Packer {
  readonly #parts: PackerParts
  #waiting: Committing[] = []
  #waitingOctets = 0
  #underWay = 0
  #isDue = false
  #stopGathering: (() => void) | undefined
  #idle: PromiseWithResolvers<void> | undefined

  constructor(parts: PackerParts) {
    this.#parts = parts
  }

  add(content: Committing): void {
    this.#waiting.push(content)
    this.#waitingOctets += content.size
    if (this.#underWay === 0) this.#beginSoon()
    else this.#gather()
  }

  /** Fulfilled when nothing waits and nothing is under way. */
  idle(): Promise<void> {
    if (this.#waiting.length === 0 && this.#underWay === 0) return Promise.resolve()
    this.#idle ??= Promise.withResolvers()
    return this.#idle.promise
  }

  /** All that is committed in this turn of the event loop shares a pack. */
  #beginSoon(): void {
    if (this.#isDue) return
    this.#isDue = true
    setImmediate(() => {
      this.#isDue = false
      this.#begin()
    })
  }

  /** While packs are under way, another one begins when it is full, or when what waits has waited for company long enough. */
  #gather(): void {
    const { limits, clock } = this.#parts
    if (this.#underWay >= limits.packsUnderWay) return
    if (this.#waitingOctets >= limits.packOctets) this.#begin()
    else this.#stopGathering ??= clock.after(limits.gathering, () => this.#begin())
  }

  #begin(): void {
    this.#stopGathering?.()
    this.#stopGathering = undefined
    while (this.#waiting.length > 0 && this.#underWay < this.#parts.limits.packsUnderWay) {
      void this.#put(this.#take())
    }
  }

  #take(): readonly Committing[] {
    let [count, octets] = [0, 0]
    for (const { size } of this.#waiting) {
      if (count > 0 && octets + size > this.#parts.limits.packOctets) break
      octets += size
      count += 1
    }
    this.#waitingOctets -= octets
    return this.#waiting.splice(0, count)
  }

  async #put(contents: readonly Committing[]): Promise<void> {
    const { objects, names, cache } = this.#parts
    this.#underWay += 1
    try {
      const pack = names.next()
      const { octets, ids } = assemble(pack, contents)
      await objects.put(pack, octets)
      cache.keep(pack, octets)
      for (const [n, content] of contents.entries()) content.done(ids[n] as ContentId)
    } catch (error) {
      for (const content of contents) content.failed(asStoreError(error))
    } finally {
      this.#underWay -= 1
      this.#begin()
      if (this.#underWay === 0) this.#idle?.resolve()
    }
  }
}

function assemble(
  pack: string,
  contents: readonly Committing[],
): { readonly octets: Buffer; readonly ids: readonly ContentId[] } {
  const octets = Buffer.allocUnsafeSlow(contents.reduce((sum, { size }) => sum + size, 0))
  let end = 0
  const ids = contents.map(({ pieces, size }) => {
    const offset = end
    for (const piece of pieces) end += piece.copy(octets, end)
    const checksum = crc32(octets.subarray(offset, end))
    return formatName({ kind: 'packed', pack, offset, size, checksum })
  })
  return { octets, ids }
}

/** Whatever went wrong, it is the store's fault. */
export function asStoreError(error: unknown): ContentStoreError {
  if (error instanceof ContentStoreError) return error
  const words = error instanceof Error ? error.message : 'the object store failed'
  return new ContentStoreError('io', words, { cause: error })
}
