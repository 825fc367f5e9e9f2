import { formatBdat } from '../verb/bdat.ts'
import { NewlineMender } from './dot-stuffer.ts'

/** A chunk that holds all of a message. */
// RFC 3030 §2
export function wholeChunk(content: Buffer, inLines: boolean): Buffer {
  const octets = inLines ? mended(content) : content
  return Buffer.concat([Buffer.from(`${formatBdat(octets.length, true)}\r\n`), octets])
}

/**
 * Cuts a message that is read as it is sent into chunks. What a chunk says of its size is counted after its newlines
 * were mended, and before anything of it is sent: no octet of a message can be taken for a command. A message that
 * cannot be read to its end ends between two chunks, and not in one.
 */
// RFC 3030 §2
export class Chunker {
  readonly #open: () => AsyncIterable<Uint8Array>
  #source: AsyncIterator<Uint8Array> | undefined
  readonly #mender: NewlineMender | undefined
  readonly #size: number
  #left: Buffer[] = []
  #length = 0
  #drained = false
  #state: 'going' | 'last' | 'unreadable' = 'going'
  #error: unknown

  /**
   * @param open called when the first chunk is made
   * @param size octets that a chunk has, until the last
   */
  constructor(open: () => AsyncIterable<Uint8Array>, size: number, inLines: boolean) {
    this.#open = open
    this.#mender = inLines ? new NewlineMender() : undefined
    this.#size = size
  }

  /** What the chunk that was read was: one of several, the last, or none, because the message cannot be read. */
  get state(): 'going' | 'last' | 'unreadable' {
    return this.#state
  }

  /** Why it cannot be read. */
  get error(): unknown {
    return this.#error
  }

  /** The next chunk with its command. Nothing, when the message cannot be read. */
  async *chunk(): AsyncIterable<Buffer> {
    try {
      // One octet more than a chunk tells that this one is not the last.
      while (!this.#drained && this.#length <= this.#size) await this.#read()
    } catch (error) {
      this.#state = 'unreadable'
      this.#error = error
      return
    }
    if (this.#length <= this.#size) this.#state = 'last'
    const octets = this.#cut(Math.min(this.#length, this.#size))
    yield Buffer.from(
      `${formatBdat(
        octets.reduce((sum, { length }) => sum + length, 0),
        this.#state === 'last',
      )}\r\n`,
    )
    yield* octets
  }

  /** The rest is not wanted. */
  abandon(): void {
    this.#left = []
    this.#source?.return?.().catch(() => undefined)
  }

  async #read(): Promise<void> {
    this.#source ??= this.#open()[Symbol.asyncIterator]()
    const { done, value } = await this.#source.next()
    if (done === true) {
      this.#drained = true
      if (this.#mender !== undefined) this.#keep(this.#mender.end())
      return
    }
    const bytes = Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.length)
    this.#keep(this.#mender?.write(bytes) ?? bytes)
  }

  #keep(bytes: Buffer): void {
    if (bytes.length === 0) return
    this.#left.push(bytes)
    this.#length += bytes.length
  }

  #cut(count: number): Buffer[] {
    const octets: Buffer[] = []
    this.#length -= count
    for (let missing = count; missing > 0;) {
      const first = this.#left[0]!
      octets.push(first.subarray(0, missing))
      if (first.length <= missing) this.#left.shift()
      else this.#left[0] = first.subarray(missing)
      missing -= Math.min(first.length, missing)
    }
    return octets
  }
}

function mended(content: Buffer): Buffer {
  const mender = new NewlineMender()
  const octets = mender.write(content)
  const end = mender.end()
  return end.length === 0 ? octets : Buffer.concat([octets, end])
}
