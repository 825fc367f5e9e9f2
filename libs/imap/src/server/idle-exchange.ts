import type { Received } from './command-reader.ts'
import { ok, type Done } from './command-row.ts'
import type { Exchange, Floor } from './exchange.ts'

/** IDLE: the session tells what changes as it changes, until the client says DONE (RFC 2177 §3). */
export class IdleExchange implements Exchange {
  readonly #floor: Floor

  constructor(floor: Floor) {
    this.#floor = floor
  }

  begin(): void {
    this.#floor.say('+ idling')
    this.#floor.reader.expectLine()
    this.#floor.ask(
      (session) => session.idle?.(true),
      () => this.woken(),
    )
  }

  woken(): void {
    this.#floor.tellUpdates(() => {})
  }

  received(received: Received): void {
    const done = received.kind === 'line' && received.bytes.toString('latin1').toUpperCase() === 'DONE'
    this.#end(done ? ok('Idle is over') : { result: { status: 'BAD', text: 'Expected DONE' } })
  }

  failed(error: unknown): void {
    this.#floor.refuse(error)
  }

  abandoned(): void {}

  #end(done: Done): void {
    this.#floor.ask(
      (session) => session.idle?.(false),
      () => this.#floor.finish(done),
    )
  }
}
