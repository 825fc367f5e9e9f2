import type { ContentStore } from '@cartero/content'
import { RpcError, type Callers, type Offer } from '@cartero/bus/grpc'
import {
  SpoolServiceDefinition,
  type ChangeRequest,
  type ChangeResponse,
  type CountRequest,
  type CountResponse,
  type LeaseRequest,
  type LeaseResponse,
  type ListRequest,
  type ListResponse,
  type ReferencedRequest,
  type ReferencedResponse,
  type ShapeRequest,
  type ShapeResponse,
  type ShowRequest,
  type ShowResponse,
  type SpoolService,
  type SubmitRequest,
  type SubmitResponse,
  type UncollectedResponse,
  type UrgeRequest,
  type UrgeResponse,
} from '@cartero/contracts/spool/service'
import { systemClock, type Clock } from '@cartero/wire'

import type { SpoolInlet } from '../handover/ports.ts'
import type { DeliveryId, QueueId, Spool } from '../ports.ts'
import { defined } from '../remote-turns/defined.ts'
import { turnFaultOf } from '../remote-turns/turn-server.ts'
import { decodeChange } from './change-codec.ts'
import { REMOTE_SPOOL_LIMITS } from './limits.ts'
import { decodeFilter, encodeCell, encodeSummary, encodeView } from './queue-codec.ts'
import { ServedLease } from './served-lease.ts'
import { takeInSubmitted } from './submission.ts'

/** What of a spool is offered to other processes. */
export type OfferedSpool = Pick<
  Spool,
  | 'lease'
  | 'settle'
  | 'giveBack'
  | 'list'
  | 'count'
  | 'show'
  | 'shape'
  | 'uncollected'
  | 'change'
  | 'urge'
  | 'referenced'
> &
  Partial<SpoolInlet>

export interface SpoolOfferOptions {
  readonly spool: OfferedSpool
  /** Needed to take mail in (`Submit`), which the spool has to be able to, too. */
  readonly content?: Pick<ContentStore, 'begin' | 'unpin'>
  readonly clock?: Clock
  /** Aborts when the process is about to leave: nothing more is leased, and who has leases may still settle them. */
  readonly leaving?: AbortSignal
  /** Who may ask; all of ours when absent. */
  readonly callers?: Callers
}

/** The spool, for agents in other processes. */
export function spoolOffer(options: SpoolOfferOptions): Offer {
  const { callers } = options
  return {
    definition: SpoolServiceDefinition,
    implementation: new SpoolServer(options),
    faultOf: turnFaultOf,
    ...(callers && { callers }),
  }
}

class SpoolServer implements SpoolService {
  readonly #spool: OfferedSpool
  readonly #content: SpoolOfferOptions['content']
  readonly #clock: Clock
  readonly #leaving: AbortSignal | undefined

  constructor({ spool, content, clock = systemClock, leaving }: SpoolOfferOptions) {
    this.#spool = spool
    this.#content = content
    this.#clock = clock
    this.#leaving = leaving
  }

  async Submit(requests: AsyncIterable<SubmitRequest>): Promise<SubmitResponse> {
    const [spool, content, clock] = [this.#spool, this.#content, this.#clock]
    if (spool.takeIn === undefined || content === undefined)
      throw new RpcError('UNIMPLEMENTED', 'this spool takes nothing in by this way')
    const inlet = spool as OfferedSpool & SpoolInlet
    return { queueId: await takeInSubmitted(requests, { inlet, content, clock }) }
  }

  Lease(requests: AsyncIterable<LeaseRequest>): AsyncGenerator<LeaseResponse, void> {
    return new ServedLease(this.#spool, this.#leaving).responses(requests)
  }

  async List({ filter, limit, after }: ListRequest): Promise<ListResponse> {
    const page = { limit, ...(after !== undefined && { after: after as DeliveryId }) }
    const { deliveries, next } = await this.#spool.list(decodeFilter(filter), page)
    return { deliveries: deliveries.map(encodeSummary), next }
  }

  async Count({ filter }: CountRequest): Promise<CountResponse> {
    return { deliveries: BigInt(await this.#spool.count(decodeFilter(filter))) }
  }

  async Show({ queueId }: ShowRequest): Promise<ShowResponse> {
    const view = await this.#spool.show(queueId as QueueId)
    if (view === undefined) throw new RpcError('NOT_FOUND', `there is no message ${queueId}`)
    return { message: encodeView(view) }
  }

  async Shape(wish: ShapeRequest): Promise<ShapeResponse> {
    return { cells: (await this.#spool.shape(defined(wish))).map(encodeCell) }
  }

  async Uncollected(): Promise<UncollectedResponse> {
    const domains = await this.#spool.uncollected()
    return {
      domains: domains.map(({ domain, deliveries, octets, oldestHour }) => ({
        domain,
        deliveries: BigInt(deliveries),
        octets: BigInt(octets),
        oldestHour: BigInt(oldestHour),
      })),
    }
  }

  async *Change(
    { filter, change }: ChangeRequest,
    signal: AbortSignal = new AbortController().signal,
  ): AsyncGenerator<ChangeResponse, void> {
    const progress = this.#spool.change(decodeFilter(filter), decodeChange(change), signal)
    for await (const { found, changed, deliveries } of progress)
      yield { found: BigInt(found), changed: BigInt(changed), deliveries: deliveries.map(encodeSummary) }
  }

  async Urge({ destination }: UrgeRequest): Promise<UrgeResponse> {
    return { deliveries: BigInt(await this.#spool.urge(destination)) }
  }

  async *Referenced({ prefix }: ReferencedRequest): AsyncGenerator<ReferencedResponse, void> {
    let contents: string[] = []
    for (const content of await this.#spool.referenced(prefix)) {
      if (contents.push(content) < REMOTE_SPOOL_LIMITS.references) continue
      yield { contents }
      contents = []
    }
    if (contents.length > 0) yield { contents }
  }
}
