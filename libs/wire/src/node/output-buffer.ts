import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Bytes } from '../facts.ts'

/** Octets gathered before they are written although the machine has more to say. */
const GATHER = 64 * 1024

const LF = 0x0a

/** Joins small outputs into few writes, and knows when the peer does not keep up. */
export class OutputBuffer {
  #socket: Socket
  readonly #lineRecords: boolean
  #parts: Bytes[] = []
  #size = 0
  #blocked = false
  #waiting: (() => void) | undefined

  /** @param lineRecords under TLS each line is a record of its own, see `ConnectionOptions` */
  constructor(socket: Socket, lineRecords: boolean) {
    this.#socket = socket
    this.#lineRecords = lineRecords
    this.#separate()
  }

  /** The socket holds more than its high-water mark: nothing should be produced until it drains. */
  get blocked(): boolean {
    return this.#blocked
  }

  add(bytes: Bytes): void {
    this.#parts.push(bytes)
    this.#size += bytes.length
    if (this.#size >= GATHER) this.flush()
  }

  flush(): void {
    if (this.#size === 0) return
    const bytes = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts, this.#size)
    this.#parts = []
    this.#size = 0
    if (this.#socket.destroyed || !this.#socket.writable) return
    if (this.#isByLine) this.#writeLines(bytes)
    else this.#write(bytes)
  }

  #write(bytes: Bytes): void {
    if (!this.#socket.write(bytes)) this.#blocked = true
  }

  #writeLines(bytes: Bytes): void {
    for (let start = 0; start < bytes.length;) {
      const end = bytes.indexOf(LF, start) + 1 || bytes.length
      this.#write(bytes.subarray(start, end))
      start = end
    }
  }

  get #isByLine(): boolean {
    return this.#lineRecords && this.#socket instanceof TLSSocket
  }

  /** What is written while a write is under way is otherwise joined, and becomes one record. */
  #separate(): void {
    if (this.#isByLine) Object.assign(this.#socket, { _writev: null })
  }

  /** Fulfilled when there is room again, or the connection is over. */
  room(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting = resolve
    })
  }

  drained(): void {
    this.#blocked = false
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.()
  }

  redirect(socket: Socket): void {
    this.#socket = socket
    this.#separate()
    this.drained()
  }
}
