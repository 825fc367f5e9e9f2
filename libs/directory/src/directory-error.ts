/**
 * Why the directory did not do as it was told.
 *
 * - `notFound`, `exists`, `inUse`, `invalid`: whoever asked can mend it; the message says how.
 * - `busy`: too many at once, ours to bound; ask again later.
 * - `unavailable`: the store is away; ask again later.
 */
export type DirectoryFault = 'notFound' | 'exists' | 'inUse' | 'invalid' | 'busy' | 'unavailable'

/** The message is a sentence for the operator: it names what is wrong and what mends it. */
export class DirectoryError extends Error {
  override readonly name = 'DirectoryError'
  readonly fault: DirectoryFault

  constructor(fault: DirectoryFault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.fault = fault
  }
}

/** A verb's result in a form that crosses a thread: errors that are expected are values there. */
export type Outcome<T> = { readonly value: T } | { readonly fault: DirectoryFault; readonly message: string }

/** Runs a verb; a DirectoryError becomes a value. A verb checks before it writes, so nothing is half done then. */
export function outcomeOf<T>(verb: () => T): Outcome<T> {
  try {
    return { value: verb() }
  } catch (error) {
    if (error instanceof DirectoryError) return { fault: error.fault, message: error.message }
    throw error
  }
}

/** The value, or throws the DirectoryError that stands for it. */
export function valueOf<T>(outcome: Outcome<T>): T {
  if ('fault' in outcome) throw new DirectoryError(outcome.fault, outcome.message)
  return outcome.value
}
