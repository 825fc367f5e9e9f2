import type { Delivery } from '@cartero/spool'
import type { AttemptFacts, Feed } from '@cartero/spool/dispatch'
import type { RecipientResult } from '@cartero/spool/notices'

/** The deliveries of a turn, until it is time to part: then there is nothing more, and what is out may be told. */
export class TurnFeed implements Feed {
  readonly #source: Feed
  readonly #parting = Promise.withResolvers<false>()
  #isParting = false

  constructor(source: Feed) {
    this.#source = source
  }

  part(): void {
    this.#isParting = true
    this.#parting.resolve(false)
  }

  next(): Delivery | undefined {
    return this.#isParting ? undefined : this.#source.next()
  }

  more(): Promise<boolean> {
    return this.#isParting
      ? this.#parting.promise
      : Promise.race([this.#source.more(), this.#parting.promise])
  }

  done(delivery: Delivery, results: readonly RecipientResult[], facts: AttemptFacts): void {
    this.#source.done(delivery, results, facts)
  }

  giveBack(delivery: Delivery): void {
    this.#source.giveBack(delivery)
  }
}
