/** Something that is cleared away page by page. */
export interface Sweepable {
  /** One page. True when there is more. Never rejects. */
  sweep(): Promise<boolean>
}

/**
 * Clears destinations that cannot be reached, a page of each in turn: one page at a time over all of them, and after each page
 * everybody else goes first.
 */
export class Sweeper {
  readonly #queue = new Set<Sweepable>()
  readonly #mayGoOn: () => Promise<void>
  #isSweeping = false

  /** @param mayGoOn waits until there is room for what a page comes to */
  constructor(mayGoOn: () => Promise<void>) {
    this.#mayGoOn = mayGoOn
  }

  add(sweepable: Sweepable): void {
    this.#queue.add(sweepable)
    if (!this.#isSweeping) void this.#run()
  }

  async #run(): Promise<void> {
    this.#isSweeping = true
    for (const next of this.#queue) {
      await this.#mayGoOn()
      this.#queue.delete(next)
      if (await next.sweep()) this.#queue.add(next)
      await new Promise(setImmediate)
    }
    this.#isSweeping = false
  }
}
