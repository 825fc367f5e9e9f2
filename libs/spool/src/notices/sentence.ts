import { enhancedStatus } from '@cartero/syntax'

import type { Delivery } from '../ports.ts'
import type { Trouble } from './result.ts'

/** How it ends without an attempt, because an operator wants it so; undefined when nobody has said anything. */
export function sentenceOf({ sentence, reason }: Delivery): Trouble | undefined {
  if (sentence === undefined) return undefined
  // RFC 3463 §3.8: a person decides, and no host
  if (sentence === 'return')
    return { ...never('notAuthorised', 'returned by the operator', reason), advice: BY_OPERATOR }
  // RFC 3463 §3.5
  return never('expired', 'it could not be delivered for too long', reason)
}

const BY_OPERATOR = 'The operator of this system gave it back. Its postmaster can say more.'

/** Its sender wants it back by now; the notices say so. What the last attempt said goes along. */
// RFC 2852 §4
export function tooLate({ reason }: Delivery): Trouble {
  return { kind: 'deferred', status: enhancedStatus(4, 'expired'), reason, isUnattempted: true }
}

function never(detail: 'notAuthorised' | 'expired', why: string, last: string): Trouble {
  const reason = last === '' ? why : `${why}; ${last}`
  return { kind: 'failed', status: enhancedStatus(5, detail), reason, isUnattempted: true }
}
