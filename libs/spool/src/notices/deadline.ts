import type { SpooledMessage } from '../ports.ts'
import type { NoticeSettings } from './settings.ts'

/** When a message is given up that cannot be delivered. */
// RFC 4865 §4: the time that its sender held it back does not count
function givenUpAt({ envelope, acceptedAt }: SpooledMessage, settings: NoticeSettings): number {
  return Math.max(acceptedAt, envelope.holdUntil ?? 0) + settings.giveUpAfter
}

/** When nothing is to be tried any more: the time it had is over, or all patience is. */
export function lastMoment(message: SpooledMessage, settings: NoticeSettings): number {
  const { deliverBy } = message.envelope
  const end = givenUpAt(message, settings)
  return deliverBy?.mode === 'return' ? Math.min(deliverBy.at, end) : end
}

/** Its sender wants it back rather than delivered now. */
// RFC 2852 §4
export function isTooLate({ envelope: { deliverBy } }: SpooledMessage, now: number): boolean {
  return deliverBy?.mode === 'return' && deliverBy.at <= now
}
