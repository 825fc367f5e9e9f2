/** Why a verb was refused. `usage`: the caller asked wrongly. `unreachable`: nobody listens, the system is stopped. */
export type ControlFault = 'usage' | 'notFound' | 'failure' | 'unreachable'

/** Crosses the socket with its fault and message; anything else that a verb throws arrives as `failure`. */
export class ControlError extends Error {
  override readonly name = 'ControlError'
  readonly fault: ControlFault

  constructor(fault: ControlFault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.fault = fault
  }
}

/** What crosses the socket of an error. */
export interface ToldError {
  readonly fault: ControlFault
  readonly message: string
}

export function toldError(error: unknown): ToldError {
  const fault = error instanceof ControlError ? error.fault : 'failure'
  return { fault, message: error instanceof Error ? error.message : String(error) }
}
