import type { Socket } from 'node:net'
import type { Bytes } from '../facts.ts'

/** Octets gathered before they are written although the machine has more to say. */
const GATHER = 64 * 1024

/** Joins small outputs into few writes, and knows when the peer does not keep up. */
export class OutputBuffer {
  #socket: Socket
  #parts: Bytes[] = []
  #size = 0
  #blocked = false
  #waiting: (() => void) | undefined

  constructor(socket: Socket) {
    this.#socket = socket
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
    if (!this.#socket.destroyed && this.#socket.writable && !this.#socket.write(bytes)) this.#blocked = true
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
    this.drained()
  }
}
