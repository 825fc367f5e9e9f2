import type { Trouble } from '@cartero/spool/notices'
import { enhancedStatus } from '@cartero/syntax'

import {
  FRUITLESS_PAUSE_MS,
  GROWTH_PAUSE_MS,
  LONGEST_FRUITLESS_PAUSE_MS,
  MOST_FRUITLESS,
  SLOW_MS,
} from './limits.ts'
import type { RunEnding } from './ports.ts'
import type { Turn } from './turn.ts'

/** What follows from how a run ended. */
export type Judgement =
  | { readonly kind: 'goOn' }
  /** Nothing is begun for so many milliseconds. */
  | { readonly kind: 'rest'; readonly milliseconds: number }
  /** All that is due for the lane ends with this. */
  | { readonly kind: 'unreachable'; readonly trouble: Trouble }

const GO_ON: Judgement = { kind: 'goOn' }

/** The host is there, and never takes anything. */
const ALWAYS_CUT: Trouble = {
  kind: 'deferred',
  status: enhancedStatus(4, 'badConnection'),
  reason: 'connections come to an end before anything is said of mail',
}

/** The host answers now and then, so that none of its answers is late, and it comes to no end. */
export const STUCK: Trouble = {
  kind: 'deferred',
  status: enhancedStatus(4, 'badConnection'),
  reason: 'its host kept the connection for too long without taking it',
}

/** What the lane learns from a run that is over, and what is to be done. Times as `Clock.elapsed`. */
export function judge(turn: Turn, ending: RunEnding, elapsed: number): Judgement {
  const { lane, carried } = turn
  if (carried > 0) {
    lane.fruitless = 0
    lane.went((elapsed - turn.startedAt) / carried <= SLOW_MS)
  }
  if (ending.kind === 'unreachable') return unreachable(turn, ending.trouble, elapsed)
  if (ending.kind === 'served' && ending.isCut && (carried === 0 || turn.isTroubled)) lane.pace.failed()
  return carried > 0 || turn.isParted ? GO_ON : fruitless(turn, ending)
}

function unreachable({ lane, carried, generation }: Turn, trouble: Trouble, elapsed: number): Judgement {
  // Several connections to one dead host are one failure.
  if (generation !== lane.generation) return GO_ON
  // A host that serves others has enough of us, and is not away.
  if (carried > 0 || lane.working > 0) {
    lane.pace.failed(lane.working)
    lane.growsAfter = elapsed + GROWTH_PAUSE_MS
    return GO_ON
  }
  return { kind: 'unreachable', trouble }
}

/** It came to nothing, and there was something: were it begun again at once, it would go on like that for ever. */
function fruitless({ lane, given }: Turn, ending: RunEnding): Judgement {
  if (given === 0 && lane.stock.length === 0) return GO_ON
  lane.fruitless += 1
  if (ending.kind === 'served' && lane.fruitless >= MOST_FRUITLESS) {
    lane.fruitless = 0
    return { kind: 'unreachable', trouble: ALWAYS_CUT }
  }
  const wait = FRUITLESS_PAUSE_MS * 2 ** Math.min(lane.fruitless - 1, 20)
  return { kind: 'rest', milliseconds: Math.min(wait, LONGEST_FRUITLESS_PAUSE_MS) }
}

/** A courier failed, and not the host; what it held is tried again by the schedule, in case it was to blame. */
export function failedOver(error: unknown): Trouble {
  const reason = error instanceof Error ? error.message : String(error)
  return {
    kind: 'deferred',
    status: enhancedStatus(4, 'otherSystem'),
    reason: `it could not be sent: ${reason}`,
  }
}
