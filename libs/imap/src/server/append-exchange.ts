import type { AppendCommand } from '../command/append.ts'
import { literalHead, type Received } from './command-reader.ts'
import { ok } from './command-row.ts'
import type { Exchange, Floor } from './exchange.ts'
import { refusals } from './refusal.ts'
import type { AppendSink } from './session.ts'

/**
 * APPEND: the message's octets go from the wire to the session as they come (RFC 3501 §6.3.11).
 * A refusal before the octets spares them when the client waits to be asked, and skips them when it does not.
 */
export class AppendExchange implements Exchange {
  readonly holdsMessage = true
  readonly #floor: Floor
  readonly #command: AppendCommand
  readonly #limit: number
  #sink: AppendSink | undefined
  #literalBegun = false
  #literalEnded = false

  /** @param limit octets a message may have */
  constructor(floor: Floor, command: AppendCommand, limit: number) {
    this.#floor = floor
    this.#command = command
    this.#limit = limit
  }

  begin(): void {
    const { message, ...target } = this.#command
    if (message.size > this.#limit) return this.failed(refusals.tooBig())
    if (message.size === 0) return this.failed(refusals.cannot('A message has octets'))
    this.#floor.ask(
      (session) => session.append({ ...target, size: message.size }),
      (sink) => this.#take(sink),
    )
  }

  received(received: Received): void {
    if (received.kind === 'octets') return this.#write(received.bytes, received.last)
    if (received.kind === 'line' && received.bytes.length === 0) return this.#finish()
    this.#drop()
    const more = received.kind === 'line' ? literalHead(received.bytes) : undefined
    if (more?.nonSync) this.#floor.reader.skip(more)
    this.#floor.finish({ result: { status: 'BAD', text: 'Expected the end of the line' } })
  }

  woken(): void {}

  /** What is still to come of the message is skipped, so that the next command is read as one. */
  failed(error: unknown): void {
    this.#drop()
    const { reader } = this.#floor
    if (this.#literalBegun) {
      if (!this.#literalEnded) reader.skipRest()
    } else if (this.#command.message.nonSync) reader.skip(this.#command.message)
    else reader.forget()
    this.#floor.refuse(error)
  }

  abandoned(): void {
    this.#drop()
  }

  #take(sink: AppendSink): void {
    this.#sink = sink
    this.#literalBegun = true
    if (!this.#command.message.nonSync) this.#floor.say('+ Ready for the message')
    this.#floor.reader.stream(this.#command.message)
  }

  #write(bytes: Buffer, last: boolean): void {
    this.#floor.ask(
      () => this.#sink?.write(bytes),
      () => {
        if (last) this.#literalEnded = true
      },
    )
  }

  #finish(): void {
    const sink = this.#sink!
    this.#literalEnded = true
    this.#floor.ask(
      () => sink.finish(),
      ({ uidValidity, uid }) => {
        this.#sink = undefined
        this.#floor.finish(ok('Message is kept', { code: { code: 'APPENDUID', uidValidity, uid } }))
      },
    )
  }

  #drop(): void {
    this.#sink?.abort()
    this.#sink = undefined
  }
}
