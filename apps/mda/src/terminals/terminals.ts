import type { Clock } from '@cartero/wire'

/** What a terminal is given: plain text, with no control but line ends and tabs. */
export interface ShownMessage {
  readonly from: string
  readonly subject: string
  readonly date: string
  readonly text: string
}

/** As it crosses to the terminal, which answers with the number once it has shown it. */
export interface NumberedMessage extends ShownMessage {
  readonly number: number
}

/** How long a terminal may take to say that it has shown a message; after that it is taken for dead. */
export const SHOW_DEADLINE_MS = 5_000

/** Messages that wait for one terminal. A person reads them, and each waits for SHOW_DEADLINE_MS at most. */
export const MOST_WAITING = 20

/** Terminals of one account: somebody has some windows open. */
export const MOST_TERMINALS_PER_ACCOUNT = 8

/** Terminals in all. Each holds a connection of the control socket, which has to stay open for the operator. */
export const MOST_TERMINALS = 32

interface Waiting {
  readonly message: NumberedMessage
  readonly shown: (isShown: boolean) => void
}

/** One window in which somebody looks at messages that come. */
class Terminal {
  readonly account: string
  readonly #clock: Clock
  readonly #waiting: Waiting[] = []
  /** Given out and not yet answered for, by number. */
  readonly #given = new Map<number, (isShown: boolean) => void>()
  #wake: (() => void) | undefined
  isGone = false

  constructor(account: string, clock: Clock) {
    this.account = account
    this.#clock = clock
  }

  /** True once the person could see it; false when the terminal is dead, which is then gone. */
  show(message: NumberedMessage): Promise<boolean> {
    if (this.isGone || this.#waiting.length >= MOST_WAITING) return Promise.resolve(false)
    return new Promise((resolve) => {
      const cancel = this.#clock.after(SHOW_DEADLINE_MS, () => {
        this.leave()
        resolve(false)
      })
      const shown = (isShown: boolean): void => {
        cancel()
        resolve(isShown)
      }
      this.#waiting.push({ message, shown })
      this.#wake?.()
    })
  }

  shown(number: number): void {
    this.#given.get(number)?.(true)
    this.#given.delete(number)
  }

  leave(): void {
    this.isGone = true
    for (const { shown } of this.#waiting.splice(0)) shown(false)
    for (const shown of this.#given.values()) shown(false)
    this.#given.clear()
    this.#wake?.()
  }

  /** In order, until it is gone. The next one is taken when the one before has been written. */
  async *messages(): AsyncGenerator<NumberedMessage, void> {
    while (!this.isGone) {
      const next = this.#waiting.shift()
      if (next === undefined) {
        await new Promise<void>((resolve) => (this.#wake = resolve))
        this.#wake = undefined
      } else {
        this.#given.set(next.message.number, next.shown)
        yield next.message
      }
    }
  }
}

/** Who looks at a terminal now. Knows neither sockets nor screens. */
// RFC 821 §3.4
export class Terminals {
  readonly #clock: Clock
  readonly #terminals = new Set<Terminal>()
  #number = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  attached(account: string): boolean {
    return this.#of(account).length > 0
  }

  /** On all terminals of the account. True when one of them has shown it. */
  async show(account: string, message: ShownMessage): Promise<boolean> {
    const terminals = this.#of(account)
    const shown = await Promise.all(
      terminals.map((terminal) => terminal.show({ ...message, number: (this.#number += 1) })),
    )
    return shown.includes(true)
  }

  /**
   * Messages for one more terminal of the account, until the signal aborts or the terminal is taken for dead. Undefined when
   * there are too many.
   */
  attach(account: string, signal: AbortSignal): AsyncIterable<NumberedMessage> | undefined {
    if (this.#terminals.size >= MOST_TERMINALS || this.#of(account).length >= MOST_TERMINALS_PER_ACCOUNT)
      return undefined
    const terminal = new Terminal(account, this.#clock)
    this.#terminals.add(terminal)
    const leave = (): void => terminal.leave()
    signal.addEventListener('abort', leave, { once: true })
    if (signal.aborted) leave()
    return this.#listen(terminal)
  }

  /** The terminal that was given that message has shown it. */
  shown(number: number): void {
    for (const terminal of this.#terminals) terminal.shown(number)
  }

  async *#listen(terminal: Terminal): AsyncGenerator<NumberedMessage, void> {
    try {
      yield* terminal.messages()
    } finally {
      terminal.leave()
      this.#terminals.delete(terminal)
    }
  }

  #of(account: string): readonly Terminal[] {
    return [...this.#terminals].filter((terminal) => terminal.account === account && !terminal.isGone)
  }
}
