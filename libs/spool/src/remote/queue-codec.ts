import type { ContentId } from '@cartero/content'
import {
  DeliveryState as State,
  type DeliveryFilter as ContractFilter,
  type DeliverySummary as ContractSummary,
  type MessageView as ContractView,
  type ShapeCell as ContractCell,
} from '@cartero/contracts/spool/queue'
import type { EnhancedStatus } from '@cartero/syntax'

import { ContractError } from '../remote-turns/contract-error.ts'
import type { DeliveryId, DeliveryState, DeliverySummary, QueueId } from '../ports.ts'
import type { DeliveryFilter, MessageView, ShapeCell } from '../queue.ts'
import { defined } from '../remote-turns/defined.ts'
import { decodeEnvelope, encodeEnvelope } from '../remote-turns/envelope-codec.ts'

const STATES: Readonly<Record<DeliveryState, State>> = {
  ready: State.READY,
  leased: State.LEASED,
  deferred: State.DEFERRED,
  held: State.HELD,
  delivered: State.DELIVERED,
  failed: State.FAILED,
  expired: State.EXPIRED,
  removed: State.REMOVED,
}
const NAMES = new Map(Object.entries(STATES).map(([name, state]) => [state, name as DeliveryState]))

export function stateOf(name: DeliveryState): State {
  return STATES[name]
}

/** Throws ContractError for what did not keep to the contract. */
export function stateNamed(state: State): DeliveryState {
  const name = NAMES.get(state)
  if (name === undefined) throw new ContractError('a delivery has a state')
  return name
}

export function encodeFilter(filter: DeliveryFilter): ContractFilter {
  const { ids, state, acceptedBefore, acceptedAfter, sender, recipient, destination, reason } = filter
  return {
    sender,
    recipient,
    destination,
    reason,
    ...(ids && { ids: { ids: [...ids] } }),
    ...(state && { state: stateOf(state) }),
    ...(acceptedBefore !== undefined && { acceptedBefore: BigInt(Math.floor(acceptedBefore)) }),
    ...(acceptedAfter !== undefined && { acceptedAfter: BigInt(Math.ceil(acceptedAfter)) }),
  }
}

export function decodeFilter(filter: ContractFilter | undefined): DeliveryFilter {
  const { ids, state, acceptedBefore, acceptedAfter, ...same } = filter ?? {}
  return {
    ...defined(same),
    ...(ids && { ids: ids.ids }),
    ...(state !== undefined && { state: stateNamed(state) }),
    ...(acceptedBefore !== undefined && { acceptedBefore: Number(acceptedBefore) }),
    ...(acceptedAfter !== undefined && { acceptedAfter: Number(acceptedAfter) }),
  }
}

export function encodeSummary(summary: DeliverySummary): ContractSummary {
  const { id, reversePath, recipients, destination, attempts, reason, status, sentence } = summary
  return {
    id,
    state: stateOf(summary.state),
    reversePath,
    recipients: [...recipients],
    destination,
    size: BigInt(summary.size),
    attempts,
    acceptedAt: BigInt(summary.acceptedAt),
    notBefore: wide(summary.notBefore),
    keptUntil: wide(summary.keptUntil),
    reason,
    status,
    sentence,
  }
}

export function decodeSummary({ id, state, size, acceptedAt, ...rest }: ContractSummary): DeliverySummary {
  const { notBefore, keptUntil, ...same } = rest
  return defined({
    id: id as DeliveryId,
    queueId: id.slice(0, id.indexOf('.')) as QueueId,
    state: stateNamed(state),
    size: Number(size),
    acceptedAt: Number(acceptedAt),
    notBefore: narrow(notBefore),
    keptUntil: narrow(keptUntil),
    ...same,
  }) as DeliverySummary
}

export function encodeView(view: MessageView): ContractView {
  const { queueId, envelope, acceptedAt, size, prefix, content, deliveries } = view
  return {
    queueId,
    envelope: encodeEnvelope(envelope),
    acceptedAt: BigInt(acceptedAt),
    size: BigInt(size),
    prefix,
    content,
    deliveries: deliveries.map(encodeSummary),
  }
}

/** Throws ContractError for what did not keep to the contract. */
export function decodeView(view: ContractView): MessageView {
  const { queueId, envelope, acceptedAt, size, prefix, content, deliveries } = view
  if (envelope === undefined) throw new ContractError('a message has an envelope')
  return {
    queueId: queueId as QueueId,
    envelope: decodeEnvelope(envelope),
    acceptedAt: Number(acceptedAt),
    size: Number(size),
    prefix,
    content: content as ContentId,
    deliveries: deliveries.map(decodeSummary),
  }
}

export function encodeCell({ state, hour, deliveries, octets, ...same }: ShapeCell): ContractCell {
  return {
    ...same,
    state: stateOf(state),
    hour: BigInt(hour),
    deliveries: BigInt(deliveries),
    octets: BigInt(octets),
  }
}

export function decodeCell({
  destination,
  state,
  hour,
  status,
  deliveries,
  octets,
}: ContractCell): ShapeCell {
  return {
    destination,
    state: stateNamed(state),
    hour: Number(hour),
    status: status as EnhancedStatus | '',
    deliveries: Number(deliveries),
    octets: Number(octets),
  }
}

function wide(number: number | undefined): bigint | undefined {
  return number === undefined ? undefined : BigInt(number)
}

function narrow(number: bigint | undefined): number | undefined {
  return number === undefined ? undefined : Number(number)
}
