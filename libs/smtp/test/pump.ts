import type { MaybePromise, ProtocolMachine, Role } from '@cartero/wire'

/** What a machine did: bytes it sent, TLS it wants, the end. */
export interface Pumped {
  sent: string
  startTls: boolean
  closed: boolean
}

/**
 * Drives one machine without sockets: carries out what it wants until it waits for its peer. Answers may be promises.
 * Sources of `stream` outputs are read to their end.
 */
export class Pump<Question, Answer> {
  readonly machine: ProtocolMachine<Question, Answer>
  readonly #decide: (question: Question) => MaybePromise<Answer>
  closed = false
  startTls = false
  /** What has the connection now, instead of the machine. */
  turnedTo: Role | undefined
  /** Milliseconds of each pause; none is waited for. */
  readonly paused: number[] = []
  /** Done once, when the next question is out and not yet answered. */
  meanwhile: (() => void) | undefined
  #sent: Buffer[] = []

  constructor(
    machine: ProtocolMachine<Question, Answer>,
    decide: (question: Question) => MaybePromise<Answer>,
  ) {
    this.machine = machine
    this.#decide = decide
  }

  /** Carries out until nothing is left to do; returns what was sent. */
  async run(): Promise<Buffer> {
    for (;;) {
      const isOver = this.closed || this.turnedTo !== undefined
      const output = isOver ? undefined : this.machine.next()
      if (output === undefined) return this.takeSent()
      switch (output.kind) {
        case 'send':
          this.#sent.push(Buffer.from(output.bytes))
          break
        case 'ask':
          await this.#ask(output.question)
          break
        case 'stream':
          await this.#stream(output.source)
          break
        case 'startTls':
          this.startTls = true
          return this.takeSent()
        case 'pause':
          this.paused.push(output.milliseconds)
          break
        case 'close':
          this.closed = true
          break
        case 'become':
          this.turnedTo = output.role
          break
      }
    }
  }

  /** Gives back what `run` returned, to be returned by it again with what follows. */
  hold(sent: Buffer): void {
    if (sent.length > 0) this.#sent.push(sent)
  }

  takeSent(): Buffer {
    const sent = Buffer.concat(this.#sent)
    this.#sent = []
    return sent
  }

  async #stream(source: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const bytes of source) this.#sent.push(Buffer.from(bytes))
    } catch (error) {
      this.machine.fail(error)
      return
    }
    this.machine.streamed()
  }

  #interrupt(): void {
    const { meanwhile } = this
    this.meanwhile = undefined
    meanwhile?.()
  }

  async #ask(question: Question): Promise<void> {
    try {
      const answer = this.#decide(question)
      this.#interrupt()
      this.machine.answer(await answer)
    } catch (error) {
      this.machine.fail(error)
    }
  }
}

/** Cuts bytes into pieces of the given sizes, repeated as often as needed. */
export function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = []
  for (let from = 0, i = 0; from < bytes.length; i++) {
    const size = sizes.length === 0 ? bytes.length : Math.max(1, sizes[i % sizes.length]!)
    pieces.push(Buffer.from(bytes.subarray(from, from + size)))
    from += size
  }
  return pieces
}
