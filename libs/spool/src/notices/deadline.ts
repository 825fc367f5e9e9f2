import type { SpooledMessage } from '../ports.ts'
import type { NoticeSettings } from './settings.ts'

/** Since when a message is under way; milliseconds since the epoch. */
// RFC 4865 §4: the time that its sender held it back does not count
function begin({ envelope, acceptedAt }: SpooledMessage): number {
  return Math.max(acceptedAt, envelope.holdUntil ?? 0)
}

/** When its sender is to be told that it takes long; milliseconds since the epoch. */
export function delayMoment(message: SpooledMessage, settings: NoticeSettings): number {
  return begin(message) + settings.delayAfter
}

/** When nothing is to be tried any more: the time it had is over, or all patience is. */
export function lastMoment(message: SpooledMessage, settings: NoticeSettings): number {
  const { deliverBy } = message.envelope
  const end = begin(message) + settings.giveUpAfter
  return deliverBy?.mode === 'return' ? Math.min(deliverBy.at, end) : end
}

/** Its sender wants it back rather than delivered now. */
// RFC 2852 §4
export function isTooLate({ envelope: { deliverBy } }: SpooledMessage, now: number): boolean {
  return deliverBy?.mode === 'return' && deliverBy.at <= now
}
