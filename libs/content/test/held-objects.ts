import { MemoryObjects, type ObjectStore, type StoredObject } from '../src/objects/index.ts'
import type { OctetRange } from '../src/index.ts'

/** Objects in memory whose puts wait until they are let through, or fail. */
export class HeldObjects implements ObjectStore {
  readonly inner = new MemoryObjects()
  /** Names and octets of all that was put. */
  readonly puts: { readonly name: string; readonly octets: Buffer }[] = []
  reads = 0
  isHeld = false
  failure: Error | undefined
  readonly #waiting: (() => void)[] = []

  async put(name: string, octets: Buffer): Promise<void> {
    this.puts.push({ name, octets })
    if (this.isHeld) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    if (this.failure !== undefined) throw this.failure
    await this.inner.put(name, octets)
  }

  read(name: string, range: OctetRange): Promise<Buffer | undefined> {
    this.reads += 1
    return this.inner.read(name, range)
  }

  delete(name: string): Promise<void> {
    return this.inner.delete(name)
  }

  list(signal: AbortSignal): AsyncIterable<readonly StoredObject[]> {
    return this.inner.list(signal)
  }

  close(): Promise<void> {
    return this.inner.close()
  }

  /** Lets all that wait go on, and those that come. */
  letThrough(): void {
    this.isHeld = false
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  async names(): Promise<readonly string[]> {
    const found: string[] = []
    for await (const portion of this.list(new AbortController().signal)) {
      for (const { name } of portion) found.push(name)
    }
    return found
  }
}
