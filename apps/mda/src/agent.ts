import type { Component } from '@cartero/agent/lifecycle'
import type { Logger, MetricRegistry } from '@cartero/agent/telemetry'
import type { ContentStore } from '@cartero/content'
import type { AnyDirectory } from '@cartero/directory'
import type { MailStore } from '@cartero/mailstore'
import type { Notices } from '@cartero/spool/notices'
import { systemClock, type Clock } from '@cartero/wire'
import { listenAll, type TlsServer } from '@cartero/wire/node'
import { Deliverer, type LocalDeliveries } from './deliverer.ts'
import { createEvents } from './events.ts'
import { lmtpDoors, type LmtpSettings } from './lmtp/door.ts'
import { Terminals } from './terminals/terminals.ts'

export type { LocalDeliveries } from './deliverer.ts'
export { noticeEvents } from './events.ts'
export type { LmtpSettings } from './lmtp/door.ts'
export { Terminals, type NumberedMessage, type ShownMessage } from './terminals/terminals.ts'

export interface MdaDependencies {
  readonly spool: LocalDeliveries
  readonly mailStore: MailStore
  readonly content: ContentStore
  readonly notices: Notices
  /** Nobody is at a terminal when it is absent. */
  readonly terminals?: Terminals
  /** The door for other agents that deliver here; there is none when it is absent. */
  readonly lmtp?: {
    readonly settings: LmtpSettings
    readonly directory: AnyDirectory
    readonly tls?: TlsServer
  }
  /** Batches at work at a time, where stores are far: those that wait for one answer share the next transaction. IN_FLIGHT when absent. */
  readonly inFlight?: number
  readonly logger: Logger
  readonly metrics: MetricRegistry
  readonly clock?: Clock
}

/** The mail delivery agent: takes what is due for local mailboxes from the spool and puts it there, exactly once. */
export function createMdaAgent(dependencies: MdaDependencies): Component {
  const { logger, metrics } = dependencies
  const clock = dependencies.clock ?? systemClock
  const events = createEvents(logger.child({ agent: 'mda' }), metrics)
  const terminals = dependencies.terminals ?? new Terminals(clock)
  const deliverer = new Deliverer({ ...dependencies, terminals, clock, events })
  const doors = dependencies.lmtp ? lmtpDoors({ ...dependencies, ...dependencies.lmtp, clock, events }) : []
  const leaving = new AbortController()
  let loop: Promise<void> = Promise.resolve()
  return {
    name: 'mda',
    start: async () => {
      await listenAll(doors)
      loop = deliverer.run(leaving.signal)
    },
    drain: async (signal) => {
      leaving.abort()
      await Promise.all([loop, ...doors.map((door) => door.drain(signal))])
    },
    stop: async () => {
      await Promise.all(doors.map((door) => door.drain(AbortSignal.abort())))
    },
  }
}
