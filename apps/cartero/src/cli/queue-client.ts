import { randomUUID } from 'node:crypto'

import { callControl, listenControl } from '@cartero/agent/admin'
import type { Change, DeliveryFilter, DeliveryId, DeliveryPage, ShapeCell, ShapeWish } from '@cartero/spool'

import {
  CHANGE,
  CONTENT,
  counted,
  messageOf,
  queueVerbs,
  type ChangeArgument,
  type ChangeCounts,
  type QueueStores,
  type QueueVerbs,
  type ShownMessage,
} from '../queue-verbs.ts'
import { reachSystem, type SystemSelection } from './reach-system.ts'

/** The queue of a system, running or stopped, as the commands see it. */
export interface Queue {
  list(filter: DeliveryFilter, limit: number, after?: DeliveryId): Promise<DeliveryPage>
  count(filter: DeliveryFilter): Promise<number>
  /** Rejects with ControlError `notFound`; so does `content`. */
  show(queueId: string): Promise<ShownMessage>
  shape(wish: ShapeWish): Promise<readonly ShapeCell[]>
  /** Names of the configured ones. */
  routes(): Promise<readonly string[]>
  /** In portions; aborting stops behind the one under way, which is told. */
  change(filter: DeliveryFilter, change: Change, signal: AbortSignal): AsyncIterable<ChangeCounts>
  content(queueId: string): AsyncIterable<Buffer>
}

/** Milliseconds that one answer about a long queue may take. */
const PATIENCE = 600_000
const NEVER = new AbortController().signal

/** Works on the queue, through the control socket or, when the system is stopped, on its files. */
export function askQueue<T>(selection: SystemSelection, question: (queue: Queue) => Promise<T>): Promise<T> {
  return reachSystem(selection, {
    running: ({ controlSocket }) => question(runningQueue(controlSocket)),
    stopped: async (data, config) => {
      const { openStoppedQueue } = await import('../stopped-queue.ts')
      await using stores = await openStoppedQueue(data, config)
      const routes = config.routes.map(({ name }) => name)
      return await question(stoppedQueue({ ...stores, routes }))
    },
  })
}

/** That of the system whose control socket this is. */
export function runningQueue(socket: string): Queue {
  const ask = <K extends keyof QueueVerbs>(
    verb: K,
    argument?: Parameters<QueueVerbs[K]>[0],
  ): ReturnType<QueueVerbs[K]> =>
    callControl(socket, verb, argument, AbortSignal.timeout(PATIENCE)) as ReturnType<QueueVerbs[K]>
  return {
    ...asked(ask),
    async *change(filter, change, signal) {
      const argument: ChangeArgument = { name: randomUUID(), filter, change }
      const counts = await listenControl(socket, CHANGE, argument, NEVER)
      const stop = (): void =>
        void callControl(socket, 'queue.stop', { name: argument.name }).catch(() => undefined)
      if (signal.aborted) stop()
      signal.addEventListener('abort', stop, { once: true })
      yield* counts as AsyncIterable<ChangeCounts>
    },
    async *content(queueId) {
      for await (const piece of await listenControl(socket, CONTENT, { queueId }, NEVER))
        yield Buffer.from(piece as string, 'base64')
    },
  }
}

function stoppedQueue(stores: QueueStores): Queue {
  const verbs = queueVerbs(() => stores)
  return {
    ...asked(((verb: keyof QueueVerbs, argument: unknown) => verbs[verb](argument as never)) as Ask),
    change: (filter, change, signal) => counted(stores.spool.change(filter, change, signal)),
    content: (queueId) => messageOf(stores, queueId),
  }
}

type Ask = <K extends keyof QueueVerbs>(
  verb: K,
  argument?: Parameters<QueueVerbs[K]>[0],
) => ReturnType<QueueVerbs[K]>

function asked(ask: Ask): Pick<Queue, 'list' | 'count' | 'show' | 'shape' | 'routes'> {
  return {
    list: (filter, limit, after) => ask('queue.list', { filter, limit, ...(after && { after }) }),
    count: (filter) => ask('queue.count', { filter }),
    show: (queueId) => ask('queue.show', { queueId }),
    shape: (wish) => ask('queue.shape', wish),
    routes: () => ask('queue.routes'),
  }
}
