import type { ForwardingAgent, ForwardingDependencies } from './forwarding.ts'
import { createForwardingAgent } from './forwarding.ts'
import { createMxAgent, type MxAgent, type MxDependencies } from './inbound/door.ts'

export {
  createForwardingAgent,
  type ForwardingAgent,
  type ForwardingDependencies,
  type RelayParts,
} from './forwarding.ts'
export {
  createMxAgent,
  type FetchWishes,
  type MtaSettings,
  type MxAgent,
  type MxDependencies,
  type MxListener,
} from './inbound/door.ts'
export { SenderDomainLookup, type SenderDomainOptions } from './inbound/sender-domains.ts'
export { SpoolStarter, type QueueStarterDependencies } from './queue-starter.ts'
export { RELAY_SETTINGS, type RelaySettings } from './relay/settings.ts'
export type { Outbound } from './router.ts'
export { collectionRoom, type CollectionRoomDependencies } from './turns/room.ts'
export { TURN_SETTINGS, type TurnSettings } from './turns/settings.ts'

export interface MtaDependencies
  extends Omit<MxDependencies, 'intake' | 'room'>, Omit<ForwardingDependencies, 'hostname'> {}

/** The agent, and what others in the same process have of it. */
export interface MtaAgent extends ForwardingAgent, MxAgent {}

/** The mail transfer agent in one process: the MX port, and all that forwards what comes in there or from submission. */
export function createMtaAgent(dependencies: MtaDependencies): MtaAgent {
  const { settings, spool } = dependencies
  const forwarding = createForwardingAgent({ ...dependencies, hostname: settings.hostname })
  const { turns, room } = forwarding
  const mx = createMxAgent({ ...dependencies, intake: spool, room })
  const drain = async (signal: AbortSignal): Promise<void> => {
    await Promise.all([mx.drain?.(signal), forwarding.drain?.(signal)])
  }
  return {
    name: 'mta',
    turns,
    room,
    receive: (connection, wishes) => mx.receive(connection, wishes),
    start: async (signal) => {
      await mx.start?.(signal)
      await forwarding.start?.(signal)
    },
    drain,
    stop: async () => {
      await mx.stop?.()
      await forwarding.stop?.()
    },
  }
}
