import { basename, dirname } from 'node:path'

import type { FileSystem, StoredFile } from '../src/segments/file-system.ts'

const SECTOR = 512

interface Inode {
  /** What a reader sees. */
  content: Buffer
  /** What the platters have. */
  durable: Buffer
  /** Written since the last sync, in order. */
  unsynced: { readonly position: number; readonly octets: Buffer }[]
}

type Entries = Map<string, Inode>

/**
 * A disk with a write cache, whose power can be cut: then of everything that was not synced some sectors are there and
 * some are not, and so for names in a directory. Writes may also fail: the disk has a capacity, and a list of faults.
 */
export class SimulatedDisk {
  readonly #random: (below: number) => number
  #entries: Entries = new Map()
  #durableEntries: Entries = new Map()
  /** Counts restarts: what was begun in an earlier life never ends. */
  #life = 0
  capacity = Infinity
  octetsRead = 0
  /** Each write or sync asks; an error is thrown. */
  fault: (operation: 'write' | 'sync') => Error | undefined = () => undefined
  /** Operations until the power is cut. */
  operationsLeft = Infinity
  /** Is called at the cut: whatever happens later never happened. */
  onCut: () => void = () => {}

  constructor(random: (below: number) => number) {
    this.#random = random
  }

  /** Power is back: what survived is what there is. */
  restart(): void {
    const entries: Entries = new Map(this.#durableEntries)
    for (const name of new Set([...this.#entries.keys(), ...entries.keys()])) {
      const [before, after] = [entries.get(name), this.#entries.get(name)]
      if (before === after || this.#random(2) === 0) continue
      if (after === undefined) entries.delete(name)
      else entries.set(name, after)
    }
    for (const inode of new Set(entries.values())) this.#settle(inode)
    this.#entries = entries
    this.#durableEntries = new Map(entries)
    this.operationsLeft = Infinity
    this.#life += 1
  }

  #settle(inode: Inode): void {
    for (const { position, octets } of inode.unsynced) {
      for (let at = 0; at < octets.length;) {
        const end = Math.min(octets.length, at + SECTOR - ((position + at) % SECTOR))
        if (this.#random(2) === 0)
          inode.durable = patched(inode.durable, octets.subarray(at, end), position + at)
        at = end
      }
    }
    inode.unsynced = []
    inode.content = Buffer.from(inode.durable)
  }

  /** Octets of all files. */
  get used(): number {
    return this.#entries.values().reduce((sum, inode) => sum + inode.content.length, 0)
  }

  async #operation(life: number): Promise<void> {
    if (this.#random(4) === 0) await new Promise((resolve) => setImmediate(resolve))
    if (life !== this.#life || this.operationsLeft <= 0) return await new Promise(() => {})
    this.operationsLeft -= 1
    if (this.operationsLeft > 0) return
    this.onCut()
    return await new Promise(() => {})
  }

  /** The file system of this life: after a restart whoever still holds it waits for ever. */
  mount(): FileSystem {
    const life = this.#life
    const operation = () => this.#operation(life)
    return {
      makeDirectory: operation,
      list: async () => [...this.#entries.keys()].map((path) => basename(path)),
      create: async (path) => {
        await operation()
        const inode = { content: Buffer.alloc(0), durable: Buffer.alloc(0), unsynced: [] }
        this.#entries.set(path, inode)
        return this.#file(inode, life)
      },
      open: async (path) => {
        await operation()
        return this.#file(this.#inode(path), life)
      },
      rename: async (from, to) => {
        await operation()
        this.#entries.set(to, this.#inode(from))
        this.#entries.delete(from)
      },
      unlink: async (path) => {
        await operation()
        this.#inode(path)
        this.#entries.delete(path)
      },
      syncDirectory: async (directory) => {
        await operation()
        this.#syncDirectory(directory)
      },
      lock: async () => async () => {},
    }
  }

  #inode(path: string): Inode {
    const inode = this.#entries.get(path)
    if (inode === undefined) throw Object.assign(new Error(`no such file: ${path}`), { code: 'ENOENT' })
    return inode
  }

  #syncDirectory(directory: string): void {
    for (const path of new Set([...this.#entries.keys(), ...this.#durableEntries.keys()])) {
      if (dirname(path) !== directory) continue
      const inode = this.#entries.get(path)
      if (inode === undefined) this.#durableEntries.delete(path)
      else this.#durableEntries.set(path, inode)
    }
  }

  /** For tests that damage files: the octets of the file whose name ends so. */
  octets(suffix: string): Buffer {
    const inode = this.#entries.entries().find(([path]) => path.endsWith(suffix))?.[1]
    if (inode === undefined) throw new Error(`no file ${suffix}`)
    return inode.content
  }

  /** What is there now is on the platters. */
  flush(): void {
    for (const inode of this.#entries.values()) {
      inode.durable = Buffer.from(inode.content)
      inode.unsynced = []
    }
    this.#durableEntries = new Map(this.#entries)
  }

  #file(inode: Inode, life: number): StoredFile {
    const write = async (octets: Buffer, position: number): Promise<void> => {
      if (life !== this.#life || this.operationsLeft <= 0) return await new Promise(() => {})
      const error = this.fault('write')
      const growth = Math.max(0, position + octets.length - inode.content.length)
      const room = Math.max(0, this.capacity - this.used)
      // The kernel writes what fits before it says that the disk is full.
      const kept = growth > room ? octets.subarray(0, Math.max(0, octets.length - growth + room)) : octets
      const copy = Buffer.from(error === undefined ? kept : octets.subarray(0, octets.length >> 1))
      inode.content = patched(inode.content, copy, position)
      inode.unsynced.push({ position, octets: copy })
      if (error !== undefined) throw error
      if (growth > room) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    }
    return {
      read: async (into, position) => {
        if (life !== this.#life || this.operationsLeft <= 0) return await new Promise(() => {})
        this.octetsRead += into.length
        return inode.content.copy(into, 0, position)
      },
      write: async (octets, position) => {
        await write(octets, position)
        await this.#operation(life)
      },
      writeDurably: async (octets, position) => {
        await write(octets, position)
        await this.#operation(life)
        const error = this.fault('sync')
        if (error !== undefined) throw error
        inode.durable = patched(inode.durable, octets, position)
        inode.unsynced = inode.unsynced.filter((unsynced) => unsynced.position !== position)
      },
      sync: async () => {
        await this.#operation(life)
        const error = this.fault('sync')
        if (error !== undefined) throw error
        inode.durable = Buffer.from(inode.content)
        inode.unsynced = []
      },
      truncate: async (size) => {
        await this.#operation(life)
        inode.content = Buffer.concat([inode.content], size)
      },
      size: async () => inode.content.length,
      close: async () => {},
    }
  }
}

function patched(content: Buffer, octets: Buffer, position: number): Buffer {
  if (position + octets.length <= content.length) {
    content.set(octets, position)
    return content
  }
  const grown = Buffer.alloc(position + octets.length)
  grown.set(content)
  grown.set(octets, position)
  return grown
}

/** A reproducible sequence, whatever the timing. */
export function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    // Numerical Recipes' linear congruential generator; its high bits are the good ones.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}
