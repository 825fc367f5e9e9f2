import type { QueueChange } from '@cartero/contracts/spool/queue'

import { ContractError } from '../remote-turns/contract-error.ts'
import { destinationOf, nextHopOf, type Change } from '../queue.ts'

export function encodeChange(change: Change): QueueChange {
  switch (change.kind) {
    case 'reroute':
      return { change: { $case: 'reroute', value: { destination: destinationOf(change.nextHop) } } }
    case 'hold':
      return { change: { $case: 'hold', value: { reason: change.reason } } }
    case 'return':
    case 'expire':
      return { change: { $case: change.kind, value: { reason: change.reason } } }
    default:
      return { change: { $case: change.kind, value: {} } }
  }
}

/** Throws ContractError for what did not keep to the contract. */
export function decodeChange(message: QueueChange | undefined): Change {
  const change = message?.change
  if (change === undefined) throw new ContractError('a change says what is to be changed')
  switch (change.$case) {
    case 'reroute':
      return { kind: 'reroute', nextHop: nextHopOf(change.value.destination) }
    case 'hold':
      return { kind: 'hold', reason: change.value.reason }
    case 'return':
    case 'expire': {
      const { reason } = change.value
      return { kind: change.$case, ...(reason !== undefined && { reason }) }
    }
    default:
      return { kind: change.$case }
  }
}
