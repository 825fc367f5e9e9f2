import { BrokerError } from '@cartero/bus/nats'

import { asSpoolError } from '../fault.ts'
import { SpoolError } from '../ports.ts'

/** What the broker or a store could not do, in the words of the spool. */
export function intakeFault(cause: unknown): SpoolError {
  if (!(cause instanceof BrokerError)) return asSpoolError(cause)
  return new SpoolError(cause.fault === 'full' ? 'full' : 'unavailable', cause.message, { cause })
}
