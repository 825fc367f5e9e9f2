import { ControlError, type ControlStreams } from '@cartero/agent/admin'
import type { ContentLog } from '@cartero/content'
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
} from '@cartero/spool'

/** What the administration of the queue works on. */
export interface QueueStores {
  readonly spool: QueueOffice
  readonly content: Pick<ContentLog, 'get'>
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
  'queue.shape': () => Promise<readonly ShapeCell[]>
}

/** How far a change has come, in numbers. */
export type ChangeCounts = Omit<ChangeProgress, 'deliveries'>

/** The verb that changes deliveries, with `filter` and `change`; its values are ChangeCounts. */
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
    'queue.shape': () => stores().spool.shape(),
  }
}

/** Who hears of what changed, a portion at a time. */
type Told = (change: Change, deliveries: readonly DeliverySummary[]) => void

export function queueStreams(stores: () => QueueStores, told: Told): ControlStreams {
  return {
    [CHANGE]: (argument, signal) => {
      const { filter, change } = argument as { readonly filter: DeliveryFilter; readonly change: Change }
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
