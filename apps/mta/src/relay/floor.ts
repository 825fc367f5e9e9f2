import type { Way } from '@cartero/routing'
import type { LeaseTerms, OutboundQueue, Outcome, Spool } from '@cartero/spool'
import type { Notices, Trouble } from '@cartero/spool/notices'
import type { Clock } from '@cartero/wire'

import type { Idlers } from './idlers.ts'
import type { RelayLane } from './lane.ts'
import type { Pool } from './pool.ts'
import type { Courier, Lane } from './ports.ts'
import type { RelaySettings } from './settings.ts'
import type { Ending, Settler } from './settler.ts'
import type { Sweeper } from './sweeper.ts'

/** What a way may have of its own, instead of what all have. */
export type WayLimits = Partial<Pick<RelaySettings, 'connectionsPerDestination' | 'messagesPerMinute'>>

/** What the relay tells. */
export interface RelayEvents {
  /** It is known how it ended with a delivery, which is about to be settled. */
  readonly relayed: (ending: Ending, outcome: Outcome) => void
  /** A notice could not be written, and is tried again; or the spool could not write what it was told, and will. */
  readonly unsettled: (error: unknown) => void
  /** Nothing could be taken out of the spool; it is tried again. */
  readonly notTaken: (error: unknown) => void
  /** No host of it takes mail, and nothing is attempted until then. Milliseconds since the epoch. */
  readonly unreachable: (lane: Lane, trouble: Trouble, until: number) => void
  /** It takes mail again. */
  readonly recovered: (lane: Lane) => void
  /** A courier threw what nobody foresaw; what it carried comes again. */
  readonly bug: (error: unknown) => void
}

/** What all destinations share. */
export interface Floor {
  readonly spool: Pick<Spool, 'giveBack' | 'settle'>
  readonly queue: Pick<OutboundQueue, 'take' | 'urge'>
  readonly terms: LeaseTerms
  readonly courier: Courier
  readonly notices: Pick<Notices, 'isTooLate'>
  readonly settings: RelaySettings
  readonly limitsOf: (way: Way) => WayLimits
  readonly clock: Clock
  /** At least 0 and less than 1. */
  readonly random: () => number
  readonly events: RelayEvents
  readonly settler: Settler
  readonly pool: Pool
  readonly idlers: Idlers<RelayLane>
  readonly sweeper: Sweeper
  /** Nothing is begun any more. */
  readonly leaving: AbortSignal
  /** What is under way ends, however it may. */
  readonly ending: AbortSignal
  /** It is under way: nobody goes home before it has ended. */
  readonly track: (work: Promise<void>) => void
}
