import { peerNetwork, type Clock } from '@cartero/wire'
import type { AddressRates } from './policy.ts'
import { RateLimit } from './rate-limit.ts'

/** What each address has done in the last minute, on all doors that share this. */
// RFC 2505 §2.8
export class AddressLimits {
  readonly #connections: RateLimit | undefined
  readonly #messages: RateLimit | undefined
  readonly #recipients: RateLimit | undefined

  constructor(rates: AddressRates, clock: Clock) {
    const limit = (perMinute: number): RateLimit | undefined =>
      perMinute === 0 ? undefined : new RateLimit({ perHour: perMinute * 60, burst: perMinute }, clock)
    this.#connections = limit(rates.connectionsPerMinute)
    this.#messages = limit(rates.messagesPerMinute)
    this.#recipients = limit(rates.recipientsPerMinute)
  }

  connection(address: string): boolean {
    return taken(this.#connections, address)
  }

  message(address: string): boolean {
    return taken(this.#messages, address)
  }

  recipient(address: string): boolean {
    return taken(this.#recipients, address)
  }
}

function taken(limit: RateLimit | undefined, address: string): boolean {
  return limit === undefined || limit.take(peerNetwork(address))
}
