import { OperatorError, type Component } from '@cartero/agent/lifecycle'
import { ListenError } from '@cartero/wire/node'

/** A component that is made when it starts, and what is lent to others of it then. */
export interface Late<C extends Component> extends Component {
  /** Undefined before the start. */
  readonly made: C | undefined
  /** The same for those who start later. Throws before the start. */
  readonly lent: C
}

/** A component that is made when it starts, because what it needs is open only then. */
export function whenOpen<C extends Component>(name: string, make: () => C, doorRemedy: string): Late<C> {
  let inner: C | undefined
  return {
    name,
    get made() {
      return inner
    },
    get lent() {
      if (inner === undefined) throw new Error(`${name}: asked for before it was made`)
      return inner
    },
    async start(signal) {
      const made = make()
      try {
        await made.start?.(signal)
      } catch (error) {
        // Somebody took the door after it was tried.
        throw error instanceof ListenError
          ? new OperatorError(error.message, doorRemedy, { cause: error })
          : error
      }
      inner = made
    },
    drain: (signal) => inner?.drain?.(signal),
    stop: () => inner?.stop?.(),
    health: async () => (await inner?.health?.()) ?? { status: 'ok' },
  }
}
