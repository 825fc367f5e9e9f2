/**
 * `full`: the stream takes no more for now. `unavailable`: the broker cannot be reached, or does not answer. `misconfigured`: it is not as
 * it must be, and an operator has to do something (`remedy`).
 */
export type BrokerFault = 'full' | 'unavailable' | 'misconfigured'

/** The broker could not do what was asked of it. */
export class BrokerError extends Error {
  override readonly name = 'BrokerError'
  readonly fault: BrokerFault
  /** What to do about it, for an operator. */
  readonly remedy: string

  constructor(
    fault: BrokerFault,
    message: string,
    options: ErrorOptions & { readonly remedy?: string } = {},
  ) {
    super(message, options)
    this.fault = fault
    this.remedy = options.remedy ?? 'look at the broker: its log says more'
  }
}
