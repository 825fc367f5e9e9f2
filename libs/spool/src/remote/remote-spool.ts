import type { RpcChannel, RpcError, ServiceOf } from '@cartero/bus/grpc'
import type { ContentId } from '@cartero/content'
import { HealthCheckResponse_ServingStatus as Status, HealthDefinition } from '@cartero/contracts/health'
import { SpoolServiceDefinition } from '@cartero/contracts/spool/service'
import { systemClock, type Clock } from '@cartero/wire'

import { SpoolError, type Delivery, type DeliveryId, type Envelope, type Intake } from '../ports.ts'
import type { IntakeDraft, Outcome, QueueId, Spool } from '../ports.ts'
import type {
  Change,
  ChangeProgress,
  DeliveryFilter,
  DeliveryPage,
  DestinationName,
  MessageView,
  QueueOffice,
  ShapeCell,
  ShapeWish,
  UncollectedMail,
} from '../queue.ts'
import { QueueIds } from '../queue-id.ts'
import { turnErrorOf } from '../remote-turns/turn-server.ts'
import { Absence, type HearAbsence } from './absence.ts'
import { encodeChange } from './change-codec.ts'
import { Holdings } from './holdings.ts'
import { LeaseStream } from './lease-stream.ts'
import { REMOTE_SPOOL_LIMITS, SPOOL_DEADLINES } from './limits.ts'
import { decodeCell, decodeSummary, decodeView, encodeFilter } from './queue-codec.ts'
import { RemoteDraft } from './remote-draft.ts'
import { Retries } from './retries.ts'

/** A spool that is away is asked again by itself; each loop of leases tells of that once when it begins, and once when it is over. */
export interface RemoteSpoolOptions extends HearAbsence {
  readonly channel: RpcChannel
  readonly clock?: Clock
  /** Math.random without it. */
  readonly random?: () => number
}

interface TermOptions {
  readonly limit: number
  readonly ended: AbortSignal
  readonly retries: Retries
  readonly absence: Absence
}

type Remote = Intake &
  QueueOffice &
  Pick<Spool, 'lease' | 'settle' | 'giveBack' | 'urge' | 'referenced' | 'close'>

/**
 * A spool in another process, for those who deliver to mailboxes and for operators. What was leased is ready again over there as soon
 * as the connection breaks; whoever settles it afterwards hears `unavailable`, and somebody gets it once more.
 */
export class RemoteSpool implements Remote {
  readonly #service: ServiceOf<typeof SpoolServiceDefinition>
  readonly #clock: Clock
  readonly #random: () => number
  readonly #health: ServiceOf<typeof HealthDefinition>
  readonly #hear: HearAbsence
  readonly #ids: QueueIds
  readonly #holdings = new Holdings()
  readonly #streams = new Set<LeaseStream>()
  /** What was said and is not known over there yet. */
  readonly #unconfirmed = new Set<Promise<void>>()
  readonly #closing = new AbortController()

  constructor({ channel, clock = systemClock, random = Math.random, ...hear }: RemoteSpoolOptions) {
    this.#service = channel.service(SpoolServiceDefinition, spoolErrorOf, SPOOL_DEADLINES)
    this.#health = channel.service(HealthDefinition)
    this.#clock = clock
    this.#random = random
    this.#hear = hear
    this.#ids = new QueueIds(clock)
  }

  begin(envelope: Envelope): IntakeDraft {
    const [service, clock, queueId] = [this.#service, this.#clock, this.#ids.next()]
    return new RemoteDraft({ service, clock, queueId, envelope })
  }

  /** Begins again by itself when the spool has gone away, and now and then, so that a server that came since has its share. */
  async *lease(
    _nextHop: 'local',
    limit: number,
    signal: AbortSignal,
  ): AsyncGenerator<readonly Delivery[], void> {
    const ended = AbortSignal.any([signal, this.#closing.signal])
    const retries = new Retries(this.#clock)
    const absence = new Absence(this.#hear)
    while (!ended.aborted) {
      const isThere = !absence.isAway || (await this.#answers(ended))
      const isBroken = !isThere || (yield* this.#term({ limit, ended, retries, absence }))
      if (isBroken) await retries.pause(ended)
    }
  }

  /** Rejects with SpoolError `unavailable` for what was leased over a connection that broke: it comes again. */
  async settle(outcomes: readonly Outcome[]): Promise<void> {
    const { byStream, lost } = this.#holdings.release(outcomes, ({ id }) => id)
    const told = [...byStream].map(([stream, its]) => stream.settle(its))
    const failed = (await Promise.allSettled(told)).find(({ status }) => status === 'rejected')
    if (failed !== undefined) throw (failed as PromiseRejectedResult).reason
    if (lost > 0) throw new SpoolError('unavailable', `${lost} of the leases ended with their connection`)
  }

  giveBack(ids: readonly DeliveryId[]): void {
    for (const [stream, its] of this.#holdings.release(ids, (id) => id).byStream)
      this.#awaited(stream.giveBack(its))
  }

  async list(
    filter: DeliveryFilter,
    { limit, after }: { readonly limit: number; readonly after?: DeliveryId },
  ): Promise<DeliveryPage> {
    await this.#known()
    const { deliveries, next } = await this.#service.List({ filter: encodeFilter(filter), limit, after })
    return {
      deliveries: deliveries.map(decodeSummary),
      ...(next !== undefined && { next: next as DeliveryId }),
    }
  }

  async count(filter: DeliveryFilter): Promise<number> {
    await this.#known()
    return Number((await this.#service.Count({ filter: encodeFilter(filter) })).deliveries)
  }

  async show(queueId: QueueId): Promise<MessageView | undefined> {
    await this.#known()
    try {
      const { message } = await this.#service.Show({ queueId })
      return message && decodeView(message)
    } catch (error) {
      if (isAbsent(error)) return undefined
      throw error
    }
  }

  async shape(wish: ShapeWish = {}): Promise<readonly ShapeCell[]> {
    await this.#known()
    return (await this.#service.Shape(wish)).cells.map(decodeCell)
  }

  async uncollected(): Promise<readonly UncollectedMail[]> {
    await this.#known()
    const { domains } = await this.#service.Uncollected({})
    return domains.map(({ domain, deliveries, octets, oldestHour }) => ({
      domain,
      deliveries: Number(deliveries),
      octets: Number(octets),
      oldestHour: Number(oldestHour),
    }))
  }

  async *change(
    filter: DeliveryFilter,
    change: Change,
    signal: AbortSignal,
  ): AsyncGenerator<ChangeProgress, void> {
    await this.#known()
    if (signal.aborted) return
    const request = { filter: encodeFilter(filter), change: encodeChange(change) }
    try {
      for await (const { found, changed, deliveries } of this.#service.Change(request, signal))
        yield {
          found: Number(found),
          changed: Number(changed),
          deliveries: deliveries.map(decodeSummary),
        }
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  async urge(destination: DestinationName): Promise<number> {
    await this.#known()
    return Number((await this.#service.Urge({ destination })).deliveries)
  }

  async referenced(prefix: string): Promise<Iterable<ContentId>> {
    await this.#known()
    const found: ContentId[] = []
    for await (const { contents } of this.#service.Referenced({ prefix }))
      for (const content of contents) found.push(content as ContentId)
    return found
  }

  /** Ends the loops; whatever is leased goes back. The channel stays open. */
  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.all([...this.#streams].map((stream) => stream.end()))
  }

  /** One stream of leases; true when it broke before it was to end. */
  async *#term({
    limit,
    ended,
    retries,
    absence,
  }: TermOptions): AsyncGenerator<readonly Delivery[], boolean> {
    await this.#known()
    const over = new AbortController()
    const until = AbortSignal.any([ended, over.signal])
    const isWell = (): void => {
      retries.begin()
      absence.end()
    }
    const alarms = [
      this.#clock.after(this.#termLength(), () => over.abort()),
      this.#clock.after(REMOTE_SPOOL_LIMITS.steady, isWell),
    ]
    const stream = this.#open(limit)
    try {
      for (let batch = await stream.next(until); batch !== undefined; batch = await stream.next(until)) {
        isWell()
        yield batch
      }
    } finally {
      for (const cancel of alarms) cancel()
      stream.stop()
      this.#awaited(stream.stopped)
    }
    const { failure } = stream
    if (ended.aborted || (over.signal.aborted && failure === undefined)) return false
    absence.begin(failure ?? new SpoolError('unavailable', 'the spool has ended the lease'))
    return true
  }

  #termLength(): number {
    const { term, termSpread } = REMOTE_SPOOL_LIMITS
    return term * (1 + termSpread * (2 * this.#random() - 1))
  }

  /** Whether somebody who has not begun to leave has the spool. */
  async #answers(signal: AbortSignal): Promise<boolean> {
    try {
      const service = SpoolServiceDefinition.fullName
      return (await this.#health.Check({ service }, signal)).status === Status.SERVING
    } catch {
      return false
    }
  }

  #open(batch: number): LeaseStream {
    const stream: LeaseStream = new LeaseStream({
      service: this.#service,
      batch,
      leased: (ids) => this.#holdings.add(ids, stream),
    })
    this.#streams.add(stream)
    void stream.over.then(() => {
      this.#holdings.lose(stream)
      this.#streams.delete(stream)
      return undefined
    })
    return stream
  }

  #awaited(confirmed: Promise<void>): void {
    this.#unconfirmed.add(confirmed)
    void confirmed.then(() => this.#unconfirmed.delete(confirmed))
  }

  /** Whoever asks finds what he has said before to be so. */
  async #known(): Promise<void> {
    if (this.#unconfirmed.size > 0) await Promise.all(this.#unconfirmed)
  }
}

/** For the bus: the error of the spool that was meant. Whoever cannot be asked is a spool that cannot, for now. */
export function spoolErrorOf(error: RpcError): SpoolError {
  return turnErrorOf(error)
}

function isAbsent(error: unknown): boolean {
  return error instanceof SpoolError && (error.cause as Partial<RpcError> | undefined)?.code === 'NOT_FOUND'
}
