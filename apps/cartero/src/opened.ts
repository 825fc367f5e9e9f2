import type { Component } from '@cartero/agent/lifecycle'

/** What is opened at the start and lent to those that start later. A start that fails leaves nothing of it open. */
export abstract class Opened<T> implements Component {
  readonly name: string
  #closing: AsyncDisposableStack | undefined
  #open: T | undefined

  constructor(name: string) {
    this.name = name
  }

  /** Only after the start. */
  get open(): T {
    if (this.#open === undefined) throw new Error(`${this.name}: asked for before it was opened`)
    return this.#open
  }

  async start(): Promise<void> {
    await using opening = new AsyncDisposableStack()
    this.#open = await this.openAll(opening)
    this.#closing = opening.move()
  }

  async stop(): Promise<void> {
    await this.#closing?.disposeAsync()
  }

  /** Opens everything; what has to be closed again is given to `closing`, and closed in reverse. */
  protected abstract openAll(closing: AsyncDisposableStack): Promise<T>
}
