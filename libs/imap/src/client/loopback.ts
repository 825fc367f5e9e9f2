import type { Role } from '@cartero/wire'

/** How the octets reach the other side. */
export interface LoopbackOptions {
  /** Octets of a chunk; all at once when absent. How a stream is cut must not matter. */
  readonly chunk?: number
  /** Told everything the other side sends. */
  readonly sent?: (bytes: Buffer) => void
}

/** Drives one side of a protocol without sockets: give it octets, read what it sends. */
export class Loopback {
  readonly #role: Role
  readonly #options: LoopbackOptions
  #busy = false
  #unread: Buffer[] = []
  #sent: Buffer[] = []
  #closed = false
  #tlsAsked = false
  #calm: (() => void)[] = []
  #expected: { readonly text: string; readonly found: () => void } | undefined

  constructor(role: Role, options: LoopbackOptions = {}) {
    this.#role = role
    this.#options = options
  }

  /** The side ended the connection. */
  get closed(): boolean {
    return this.#closed
  }

  /** The side asked for TLS, which is then up. */
  get tlsAsked(): boolean {
    return this.#tlsAsked
  }

  /** Gives it octets, waits until it has no more to do, and returns all it sent meanwhile, one character an octet. */
  async say(text: string | Buffer): Promise<string> {
    const bytes = typeof text === 'string' ? Buffer.from(text, 'utf8') : text
    const chunk = this.#options.chunk ?? Math.max(1, bytes.length)
    for (let start = 0; start < bytes.length; start += chunk) {
      this.#unread.push(bytes.subarray(start, start + chunk))
    }
    this.#run()
    if (this.#busy) await new Promise<void>((resolve) => this.#calm.push(resolve))
    return this.heard()
  }

  /** Waits until it has sent this text, and returns all it sent up to now. */
  async until(text: string): Promise<string> {
    if (!this.#text().includes(text)) {
      await new Promise<void>((resolve) => {
        this.#expected = { text, found: resolve }
      })
    }
    return this.heard()
  }

  /** What it sent since it was asked last. */
  heard(): string {
    const text = this.#text()
    this.#sent = []
    return text
  }

  wake(): void {
    this.#role.machine.wake()
    this.#run()
  }

  drain(): void {
    this.#role.machine.drain()
    this.#run()
  }

  timeOut(): void {
    this.#role.machine.timedOut()
    this.#run()
  }

  disconnect(): void {
    this.#closed = true
    this.#role.machine.disconnected()
  }

  #text(): string {
    return Buffer.concat(this.#sent).toString('latin1')
  }

  #run(): void {
    const { machine } = this.#role
    while (!this.#busy && !this.#closed) {
      const output = machine.next()
      if (output === undefined) {
        const bytes = this.#unread.shift()
        if (bytes === undefined) break
        machine.receive(bytes)
      } else this.#carryOut(output)
    }
    if (this.#busy) return
    for (const resolve of this.#calm.splice(0)) resolve()
  }

  #carryOut(output: NonNullable<ReturnType<Role['machine']['next']>>): void {
    switch (output.kind) {
      case 'send':
        return this.#send(output.bytes)
      case 'ask':
        return this.#wait(
          async () => this.#role.decide(output.question),
          (answer) => this.#role.machine.answer(answer),
        )
      case 'stream':
        return this.#wait(
          async () => {
            for await (const bytes of output.source) {
              if (this.#closed) return
              this.#send(bytes)
            }
          },
          () => this.#role.machine.streamed(),
        )
      case 'startTls':
        this.#tlsAsked = true
        this.#unread = []
        return this.#role.machine.tlsStarted({ version: 'TLSv1.3', cipher: 'none' })
      case 'become':
        throw new TypeError('a loopback has one role')
      // No time passes here, and what comes next is the same.
      case 'pause':
        return
      case 'close':
        this.#closed = true
    }
  }

  #send(bytes: Uint8Array): void {
    this.#sent.push(Buffer.from(bytes))
    this.#options.sent?.(Buffer.from(bytes))
    if (this.#expected === undefined || !this.#text().includes(this.#expected.text)) return
    this.#expected.found()
    this.#expected = undefined
  }

  #wait<T>(work: () => Promise<T>, then: (value: T) => void): void {
    this.#busy = true
    work()
      .then(then, (error: unknown) => this.#role.machine.fail(error))
      .finally(() => {
        this.#busy = false
        this.#run()
      })
      .catch((error: unknown) => {
        throw error
      })
  }
}
