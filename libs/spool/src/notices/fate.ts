import type { Delivery, Outcome, RecipientOutcome } from '../ports.ts'
import type { RecipientResult, Trouble } from './result.ts'

/** What became of a recipient who does not have it: it is tried again, its sender has it back, or nobody does (a dead letter). */
export type Fate = 'deferred' | 'returned' | 'dead'

export interface Misfortune {
  /** The recipient. */
  readonly to: string
  readonly trouble: Trouble
  readonly fate: Fate
  /** When it is tried again; milliseconds since the epoch. */
  readonly next?: number
}

/** The recipients whom an attempt did not reach, and what follows; for whoever tells of it. */
export function misfortunesOf(
  { recipients }: Delivery,
  results: readonly RecipientResult[],
  outcome: Outcome,
): readonly Misfortune[] {
  return results.flatMap((result, i) => {
    if (result.kind !== 'failed' && result.kind !== 'deferred') return []
    const state = outcome.state === 'mixed' ? outcome.recipients[i]!.state : outcome.state
    const fate = fateOf(state)
    const next = fate === 'deferred' && 'notBefore' in outcome ? outcome.notBefore : undefined
    return [{ to: recipients[i]!.address, trouble: result, fate, ...(next !== undefined && { next }) }]
  })
}

function fateOf(state: RecipientOutcome['state'] | Outcome['state']): Fate {
  if (state === 'failed' || state === 'expired') return 'dead'
  return state === 'deferred' || state === 'held' ? 'deferred' : 'returned'
}
