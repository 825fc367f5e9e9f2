import type { Socket } from 'node:net'
import type { Clock } from '../clock.ts'
import type { Bytes } from '../facts.ts'
import type { Output, Role } from '../machine.ts'
import { Deadlines } from './deadlines.ts'
import type { Secured } from './handshake.ts'
import { OutputBuffer } from './output-buffer.ts'

/** Octets received while the machine waits for an answer; beyond it the socket is paused and TCP slows the peer. */
export const INBOX_LIMIT = 256 * 1024

/**
 * How long a session may take to answer one question before the peer is told 451 (below every client's time-out,
 * RFC 5321 §4.5.3.2).
 */
export const DECISION_LIMIT_MS = 240_000

/** How long a peer may keep its half of the connection open once we have said all; then it is cut off. */
export const CLOSING_LIMIT_MS = 5_000

/** Milliseconds between two looks at the deadlines of connections: limits are of minutes, a timer each would cost more. */
export const TICK_MS = 1_000

/** The session did not answer in time: our fault, never the peer's. */
export class DecisionTimeoutError extends Error {
  override readonly name = 'DecisionTimeoutError'
}

export interface ConnectionOptions {
  readonly clock: Clock
  /** Makes TLS of the plain socket; absent when TLS cannot be had here. */
  readonly upgrade?: (socket: Socket) => Promise<Secured>
  /**
   * Under TLS each line that is said is a record of its own, for peers that read a line and then wait for the socket, while
   * more of the record is at hand: fetchmail 6.4 in ODMR mode. Costs a write for each line. Off when absent.
   */
  readonly lineRecords?: boolean | undefined
  /** Told once, when the connection is gone. `error` is the socket's, if one ended it. */
  readonly closed?: (error?: Error) => void
}

type Busy = 'no' | 'asking' | 'streaming' | 'upgrading' | 'pausing'

/**
 * The one loop between a protocol machine and a socket: feeds bytes, carries out outputs, keeps deadlines, applies
 * backpressure in both directions, and drops plaintext that was received before TLS (RFC 3207 §6).
 */
export class Connection {
  readonly #clock: Clock
  readonly #deadlines: Deadlines
  readonly #options: ConnectionOptions
  #socket: Socket
  #role: Role
  readonly #output: OutputBuffer
  #inbox: Buffer[] = []
  #inboxSize = 0
  #busy: Busy = 'no'
  #pumping = false
  #hasProgressed = false
  #ended = false
  #closing = false
  #peerEnded = false
  #question = 0
  #draining = false
  /** The machine has been given octets of the peer. */
  #hasHeard = false
  /** The machine wants to know what the peer says while a question is out. */
  #isAttentive = false
  /** Another machine has taken the connection over. */
  #hasTurned = false
  #endPause: (() => void) | undefined

  constructor(socket: Socket, role: Role, options: ConnectionOptions) {
    this.#socket = socket
    this.#role = role
    this.#clock = options.clock
    this.#deadlines = new Deadlines(options.clock)
    this.#options = options
    this.#output = new OutputBuffer(socket, options.lineRecords ?? false)
    this.#listen(socket)
  }

  /** Lets the machine speak first (a server's greeting). */
  start(): void {
    this.#deadlines.begin(this.#role.machine.lifetime)
    if (this.#socket.isPaused()) this.#socket.resume()
    this.#pump()
  }

  /** The session knows news; the machine may speak. */
  wake(): void {
    if (this.#ended) return
    this.#role.machine.wake()
    this.#pump()
  }

  /** Asks the machine to say goodbye where nothing is lost. From now on nobody is made to wait. */
  drain(): void {
    if (this.#ended) return
    this.#draining = true
    this.#role.machine.drain()
    if (this.#busy === 'pausing') this.#pauseEnded()
    else this.#pump()
  }

  /** Cuts the connection off. */
  destroy(): void {
    this.#socket.destroy()
    this.#over()
  }

  /** Called every TICK_MS by whoever owns the connection, with what has elapsed. */
  checkDeadline(now: number): void {
    if (this.#deadlines.takeLifeEnd(now)) this.#outlived()
    if (!this.#deadlines.hasPassed(now) || this.#ended) return
    if (this.#closing || this.#busy === 'upgrading' || this.#output.blocked) return this.destroy()
    if (this.#busy === 'asking') return this.#answered(this.#question, undefined, decisionTimeout())
    if (this.#busy === 'streaming') return this.destroy()
    this.#role.machine.timedOut()
    this.#pump()
  }

  #outlived(): void {
    if (this.#ended) return
    this.#role.machine.outlived?.()
    this.#pump()
  }

  #listen(socket: Socket): void {
    socket.on('data', this.#onData)
    socket.on('drain', this.#onDrain)
    socket.on('end', this.#onEnd)
    socket.on('error', this.#onError)
    socket.on('close', this.#onClose)
  }

  #silence(socket: Socket): void {
    socket.off('data', this.#onData)
    socket.off('drain', this.#onDrain)
    socket.off('end', this.#onEnd)
    socket.off('close', this.#onClose)
  }

  readonly #onData = (bytes: Buffer): void => {
    if (this.#closing || this.#ended) return
    if (this.#busy === 'no' && !this.#output.blocked) {
      this.#hear(bytes)
      this.#pump('bytes')
      return
    }
    this.#inbox.push(bytes)
    this.#inboxSize += bytes.length
    if (this.#inboxSize > INBOX_LIMIT) this.#socket.pause()
  }

  readonly #onDrain = (): void => {
    this.#output.drained()
    this.#pump()
  }

  /** The peer sent FIN: what it sent before is still served, then we leave. */
  readonly #onEnd = (): void => {
    this.#peerEnded = true
    this.#pump()
  }

  readonly #onError = (error: Error): void => this.#over(error)
  readonly #onClose = (): void => this.#over()

  #over(error?: Error): void {
    if (this.#ended) return
    this.#ended = true
    this.#deadlines.suspend()
    this.#inbox = []
    this.#endPause?.()
    this.#output.drained()
    this.#role.machine.disconnected()
    this.#socket.destroy()
    this.#options.closed?.(error)
  }

  /**
   * Carries out what there is to do. Patience begins anew with everything that comes of it, if only that the machine
   * waits for something else, and not with mere octets: a line that never ends is no way to stay for ever.
   */
  #pump(because: 'bytes' | 'event' = 'event'): void {
    if (this.#pumping) return
    this.#pumping = true
    this.#hasProgressed = because === 'event'
    try {
      this.#run()
    } finally {
      this.#pumping = false
    }
    if (this.#ended) return
    this.#output.flush()
    if (this.#hasProgressed || this.#deadlines.isNews(this.#role.machine.patience)) this.#setDeadline()
  }

  #run(): void {
    while (this.#busy === 'no' && !this.#ended && !this.#closing && !this.#output.blocked) {
      const output = this.#role.machine.next()
      if (output !== undefined) this.#carryOut(output)
      else if (!this.#feed()) {
        if (this.#peerEnded) this.#close()
        return
      }
    }
  }

  /** Hands the machine what came in while it was busy. */
  #feed(): boolean {
    const bytes = this.#inbox.shift()
    if (bytes === undefined) {
      if (this.#socket.isPaused()) this.#socket.resume()
      return false
    }
    this.#inboxSize -= bytes.length
    this.#hear(bytes)
    return true
  }

  #hear(bytes: Buffer): void {
    this.#hasHeard = true
    this.#role.machine.receive(bytes)
  }

  /**
   * Who speaks before its turn is judged before it is greeted: what came in during the first question or pause is
   * known to the machine when it goes on. Later the peer may send ahead, and the machine reads when it has answered.
   */
  // RFC 5321 §4.3.1
  #hearEarlyWords(): void {
    if (!this.#hasHeard) while (this.#feed());
  }

  #carryOut(output: Output<unknown>): void {
    this.#hasProgressed = true
    this.#deadlines.noteEnd(this.#role.machine.patience)
    switch (output.kind) {
      case 'send':
        return this.#output.add(output.bytes)
      case 'ask':
        this.#isAttentive = output.attentive === true
        return this.#ask(output.question)
      case 'stream':
        return this.#stream(output.source)
      case 'startTls':
        return this.#startTls()
      case 'become':
        return this.#become(output.role)
      case 'pause':
        return this.#pause(output.milliseconds)
      case 'close':
        return this.#close()
    }
  }

  /**
   * From here on all is the new machine's: patience, the lifetime, a drain that has begun, the end. What the peer said
   * before it could know of the turn is for neither machine, and there is no telling what it meant: the connection ends.
   */
  // RFC 2645 §5.3
  #become(role: Role): void {
    const isAhead = this.#inboxSize > 0
    this.#role = role
    this.#hasHeard = false
    this.#hasTurned = true
    this.#deadlines.begin(role.machine.lifetime)
    if (isAhead) return this.destroy()
    if (this.#draining) role.machine.drain()
  }

  #ask(question: unknown): void {
    let answer: unknown
    try {
      answer = this.#role.decide(question)
    } catch (error) {
      this.#role.machine.fail(error)
      return
    }
    if (!(answer instanceof Promise)) {
      this.#role.machine.answer(answer)
      return
    }
    this.#busy = 'asking'
    const number = ++this.#question
    answer.then(
      (value) => this.#answered(number, value, undefined),
      (error: unknown) => this.#answered(number, undefined, error ?? new Error('rejected without a reason')),
    )
  }

  #answered(number: number, value: unknown, error: unknown): void {
    if (number !== this.#question || this.#busy !== 'asking') return
    this.#busy = 'no'
    this.#question++
    if (this.#ended) return
    if (this.#isAttentive) while (this.#feed());
    this.#isAttentive = false
    this.#hearEarlyWords()
    if (error === undefined) this.#role.machine.answer(value)
    else this.#role.machine.fail(error)
    this.#pump()
  }

  #pause(milliseconds: number): void {
    if (this.#draining || milliseconds <= 0) return
    this.#busy = 'pausing'
    const cancel = this.#clock.after(milliseconds, () => this.#pauseEnded())
    this.#endPause = () => {
      this.#endPause = undefined
      cancel()
    }
  }

  #pauseEnded(): void {
    this.#endPause?.()
    this.#busy = 'no'
    this.#hearEarlyWords()
    this.#pump()
  }

  #stream(source: AsyncIterable<Bytes>): void {
    this.#busy = 'streaming'
    this.#copy(source).then(
      () => this.#streamEnded(() => this.#role.machine.streamed()),
      (error: unknown) => this.#streamEnded(() => this.#role.machine.fail(error)),
    )
  }

  async #copy(source: AsyncIterable<Bytes>): Promise<void> {
    for await (const bytes of source) {
      if (this.#ended) return
      this.#output.add(bytes)
      if (this.#output.blocked) {
        this.#setDeadline()
        await this.#output.room()
      }
    }
  }

  #streamEnded(tell: () => void): void {
    this.#busy = 'no'
    if (this.#ended) return
    tell()
    this.#pump()
  }

  #startTls(): void {
    const upgrade = this.#options.upgrade
    // RFC 2645 §5.3: the sides of a handshake are those of the connection, which a turn has made ambiguous
    if (upgrade === undefined || this.#hasTurned) return this.destroy()
    this.#busy = 'upgrading'
    this.#output.flush()
    this.#inbox = []
    this.#inboxSize = 0
    const plain = this.#socket
    this.#silence(plain)
    // A socket that was stopped has octets of its own, which TLS would take for the start of its handshake.
    while (plain.read() !== null);
    upgrade(plain).then(
      (secured) => this.#secured(secured),
      (error: Error) => this.#over(error),
    )
  }

  #secured({ socket, facts }: Secured): void {
    this.#socket = socket
    if (this.#ended) {
      socket.destroy()
      return
    }
    this.#output.redirect(socket)
    this.#listen(socket)
    this.#busy = 'no'
    this.#role.machine.tlsStarted(facts)
    this.#pump()
  }

  #close(): void {
    this.#closing = true
    this.#output.flush()
    this.#socket.end()
    this.#deadlines.set(CLOSING_LIMIT_MS)
  }

  #setDeadline(): void {
    if (this.#closing) return
    const { patience } = this.#role.machine
    this.#deadlines.note(patience)
    if (this.#busy === 'asking') this.#deadlines.set(DECISION_LIMIT_MS)
    else if (this.#busy === 'pausing' && !this.#output.blocked) this.#deadlines.suspend()
    else this.#deadlines.wait(patience)
  }
}

function decisionTimeout(): DecisionTimeoutError {
  return new DecisionTimeoutError(`the session did not answer within ${DECISION_LIMIT_MS / 1000} s`)
}
