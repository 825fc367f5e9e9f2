import { decodeBase64, decodeInitialResponse, type SaslServerMechanism, type SaslStep } from '@cartero/sasl'
import type { AuthenticateCommand } from '../command/authenticate.ts'
import type { Received } from './command-reader.ts'
import { ok } from './command-row.ts'
import type { Exchange, Floor } from './exchange.ts'
import { refusals } from './refusal.ts'
import type { FullSession } from './session.ts'

/** AUTHENTICATE: challenges and responses in base64, a line each (RFC 3501 §6.2.2). */
export class SaslExchange implements Exchange {
  readonly #floor: Floor
  readonly #command: AuthenticateCommand
  #mechanism: SaslServerMechanism | undefined

  constructor(floor: Floor, command: AuthenticateCommand) {
    this.#floor = floor
    this.#command = command
  }

  begin(): void {
    const { initial } = this.#command
    if (initial === undefined) return this.#respond(undefined)
    // RFC 4959 §3
    const response = decodeInitialResponse(initial)
    if (response === undefined) this.#bad('Initial response is not base64')
    else this.#respond(response)
  }

  received(received: Received): void {
    if (received.kind !== 'line') return this.#bad('Response is not a line')
    // RFC 3501 §6.2.2: a line with a single "*" cancels
    if (received.bytes.length === 1 && received.bytes[0] === 0x2a)
      return this.#bad('Authentication cancelled')
    const response = decodeBase64(received.bytes)
    if (response === undefined) this.#bad('Response is not base64')
    else this.#respond(response)
  }

  woken(): void {}

  failed(error: unknown): void {
    this.#floor.refuse(error)
  }

  abandoned(): void {}

  #respond(response: Buffer | undefined): void {
    this.#floor.ask(
      (session) => this.#mechanismOf(session).next(response),
      (step) => this.#step(step),
    )
  }

  #mechanismOf(session: FullSession): SaslServerMechanism {
    return (this.#mechanism ??= session.startSasl(this.#command.mechanism))
  }

  #step(step: SaslStep): void {
    switch (step.kind) {
      case 'challenge':
        this.#floor.say(`+ ${step.bytes.toString('base64')}`)
        this.#floor.reader.expectLine()
        return
      case 'success':
        return this.#enter(step.account)
      case 'failure':
        return this.#failure(step)
    }
  }

  #enter(account: string): void {
    this.#floor.ask(
      (session) => session.enter(account),
      () => this.#floor.finish(ok('Logged in', { enter: 'authenticated', announces: true })),
    )
  }

  #failure({ reason, cause }: Extract<SaslStep, { kind: 'failure' }>): void {
    if (reason === 'malformed') return this.#bad('Response is malformed')
    const { unavailable, authenticationFailed } = refusals
    this.#floor.refuse(reason === 'unavailable' ? unavailable(cause) : authenticationFailed(cause))
  }

  #bad(text: string): void {
    this.#floor.finish({ result: { status: 'BAD', text } })
  }
}
