import type { DeliveryId, DeliverySummary } from '../ports.ts'
import type { DeliveryFilter } from '../queue.ts'
import { numberOf, queueIdOf } from './entry.ts'

type Test = (summary: DeliverySummary) => boolean

/** Whether a delivery meets every condition. Without a state: what waits, and dead letters. */
export function matcher(filter: DeliveryFilter): Test {
  const { state, destination, acceptedBefore = Infinity, acceptedAfter = -Infinity, reason } = filter
  const tests: Test[] = [
    state === undefined
      ? (one) => one.state !== 'delivered' && one.state !== 'removed'
      : (one) => one.state === state,
  ]
  const ids = filter.ids && new Set(filter.ids)
  if (ids) tests.push(({ id, queueId }) => ids.has(id) || ids.has(queueId))
  if (destination !== undefined) tests.push((one) => one.destination === destination)
  if (acceptedBefore !== Infinity || acceptedAfter !== -Infinity)
    tests.push(({ acceptedAt }) => acceptedAt <= acceptedBefore && acceptedAt >= acceptedAfter)
  if (filter.sender !== undefined) {
    const isSender = addressTest(filter.sender)
    tests.push(({ reversePath }) => isSender(reversePath))
  }
  if (filter.recipient !== undefined) {
    const isRecipient = addressTest(filter.recipient)
    tests.push(({ recipients }) => recipients.some(isRecipient))
  }
  if (reason !== undefined) {
    const part = reason.toLowerCase()
    tests.push((one) => one.reason?.toLowerCase().includes(part) === true)
  }
  return (summary) => tests.every((test) => test(summary))
}

/** An address, `@domain` or `<>`; upper and lower case are the same. */
function addressTest(wanted: string): (address: string) => boolean {
  if (wanted === '<>') return (address) => address === ''
  const pattern = wanted.toLowerCase()
  if (pattern.startsWith('@')) return (address) => address.toLowerCase().endsWith(pattern)
  return (address) => address.length === pattern.length && address.toLowerCase() === pattern
}

/** Newest first: by message, and within it the delivery that was made last. */
export function newestFirst(a: { readonly id: DeliveryId }, b: { readonly id: DeliveryId }): number {
  return isNewer(a.id, b.id) ? -1 : 1
}

export function isNewer(a: DeliveryId, b: DeliveryId): boolean {
  const [one, other] = [queueIdOf(a), queueIdOf(b)]
  return one === other ? numberOf(a) > numberOf(b) : one > other
}
