import { ControlError, type ControlStreams } from '@cartero/agent/admin'
import type { ContentStore } from '@cartero/content'
import type {
  Change,
  ChangeProgress,
  DeliveryFilter,
  DeliveryId,
  DeliveryPage,
  DeliverySummary,
  MessageView,
  QueueId,
  QueueOffice,
  ShapeCell,
  ShapeWish,
} from '@cartero/spool'

import type { RunningChanges } from './running-changes.ts'

/** What the administration of the queue works on. */
export interface QueueStores {
  readonly spool: QueueOffice
  readonly content: Pick<ContentStore, 'get'>
  /** Names of the configured ones. */
  readonly routes: readonly string[]
}

/** What is told of a message, but for its octets. */
export type ShownMessage = Omit<MessageView, 'prefix' | 'content'>

/** The verbs of the queue that have one answer: name, argument and result of each. */
export interface QueueVerbs {
  'queue.list': (argument: {
    readonly filter: DeliveryFilter
    readonly limit: number
    readonly after?: DeliveryId
  }) => Promise<DeliveryPage>
  'queue.count': (argument: { readonly filter: DeliveryFilter }) => Promise<number>
  'queue.show': (argument: { readonly queueId: string }) => Promise<ShownMessage>
  'queue.shape': (wish: ShapeWish) => Promise<readonly ShapeCell[]>
  'queue.routes': () => Promise<readonly string[]>
}

/** How far a change has come, in numbers. */
export type ChangeCounts = Omit<ChangeProgress, 'deliveries'>

/** The verb that changes deliveries, with `filter`, `change` and its `name` for RunningChanges; its values are ChangeCounts. */
export const CHANGE = 'queue.change'
/** The verb that tells a message of the queue, by `queueId`; its values are its octets in base64. */
export const CONTENT = 'queue.content'

export function queueVerbs(stores: () => QueueStores): QueueVerbs {
  return {
    'queue.list': ({ filter, ...page }) => stores().spool.list(filter, page),
    'queue.count': ({ filter }) => stores().spool.count(filter),
    'queue.show': async ({ queueId }) => {
      const { prefix: _prefix, content: _content, ...rest } = await shown(stores().spool, queueId)
      return rest
    },
    'queue.shape': (wish) => stores().spool.shape(wish),
    'queue.routes': async () => stores().routes,
  }
}

/** Who hears of what changed, a portion at a time. */
type Told = (change: Change, deliveries: readonly DeliverySummary[]) => void

export interface ChangeArgument {
  readonly name: string
  readonly filter: DeliveryFilter
  readonly change: Change
}

export function queueStreams(stores: () => QueueStores, told: Told, running: RunningChanges): ControlStreams {
  return {
    [CHANGE]: (argument, listener) => {
      const { name, filter, change } = argument as ChangeArgument
      const signal = running.begin(name, listener)
      return counted(stores().spool.change(filter, change, signal), (deliveries) => told(change, deliveries))
    },
    async *[CONTENT](argument) {
      const { queueId } = argument as { readonly queueId: string }
      for await (const octets of messageOf(stores(), queueId)) yield octets.toString('base64')
    },
  }
}

/** The numbers alone: deliveries are many. */
export async function* counted(
  changing: AsyncIterable<ChangeProgress>,
  told: (deliveries: readonly DeliverySummary[]) => void = () => {},
): AsyncGenerator<ChangeCounts, void> {
  for await (const { deliveries, ...counts } of changing) {
    told(deliveries)
    yield counts
  }
}

/** Rejects with ControlError `notFound`. */
async function shown(spool: Pick<QueueOffice, 'show'>, id: string): Promise<MessageView> {
  const view = await spool.show(queueIdIn(id))
  if (view === undefined) throw new ControlError('notFound', `there is no message ${id} in the queue`)
  return view
}

/** The message as it would be sent: what was put before it, and its content. Rejects with ControlError `notFound`. */
export async function* messageOf({ spool, content }: QueueStores, id: string): AsyncGenerator<Buffer, void> {
  const view = await shown(spool, id)
  yield view.prefix
  yield* content.get(view.content)
}

/** A delivery id names its message, too. */
function queueIdIn(id: string): QueueId {
  return id.replace(/\.\d+$/, '').toUpperCase() as QueueId
}
