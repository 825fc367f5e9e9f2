import { OperatorError, type Component } from '@cartero/agent/lifecycle'
import { ListenError } from '@cartero/wire/node'

/** A component that is made when it starts, because what it needs is open only then. */
export function whenOpen(name: string, make: () => Component, doorRemedy: string): Component {
  let inner: Component | undefined
  return {
    name,
    async start(signal) {
      inner = make()
      try {
        await inner.start?.(signal)
      } catch (error) {
        // Somebody took the door after it was tried.
        throw error instanceof ListenError
          ? new OperatorError(error.message, doorRemedy, { cause: error })
          : error
      }
    },
    drain: (signal) => inner?.drain?.(signal),
    stop: () => inner?.stop?.(),
    health: async () => (await inner?.health?.()) ?? { status: 'ok' },
  }
}
