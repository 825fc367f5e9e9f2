import type { ContentId } from '../ports.ts'
import { parseName } from './content-name.ts'

/** Packs in which somebody of this process has a content that is not referred to yet. */
export class Pins {
  readonly #pinned = new Map<string, Set<ContentId>>()
  readonly #open = new Set<string>()

  pin(id: ContentId): void {
    const pack = parseName(id)?.pack
    if (pack === undefined) return
    const ids = this.#pinned.get(pack) ?? new Set()
    this.#pinned.set(pack, ids.add(id))
  }

  unpin(id: ContentId): void {
    const pack = parseName(id)?.pack ?? ''
    const ids = this.#pinned.get(pack)
    ids?.delete(id)
    if (ids?.size === 0) this.#pinned.delete(pack)
  }

  /** Parts are being written under this name. */
  open(pack: string): void {
    this.#open.add(pack)
  }

  close(pack: string): void {
    this.#open.delete(pack)
  }

  hold(pack: string): boolean {
    return this.#pinned.has(pack) || this.#open.has(pack)
  }
}
