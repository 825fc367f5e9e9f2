import { OperatorError, type Component, type Health } from '@cartero/agent/lifecycle'
import type { Logger, MetricRegistry } from '@cartero/agent/telemetry'
import { untilAborted, systemClock, type Clock } from '@cartero/wire'
import { FetchEvents } from './events.ts'
import { DEFAULT_VISIT_LIMITS, type VisitLimits } from './limits.ts'
import { fetchMetrics } from './metrics.ts'
import { MOST_PROVIDERS, type Provider } from './provider.ts'
import type { VisitEnd, VisitReport } from './report.ts'
import { Rounds } from './rounds.ts'
import { Schedule } from './schedule.ts'
import { Visit, type AddressesOf, type Receive } from './visit.ts'

export { DEFAULT_VISIT_LIMITS, type VisitLimits } from './limits.ts'
export { MOST_PROVIDERS, type Provider } from './provider.ts'
export type { AddressesOf, Receive, ReceiveOptions } from './visit.ts'

export interface CustomerSettings {
  readonly hostname: string
  /** No two of one name, and no more than MOST_PROVIDERS. */
  readonly providers: readonly Provider[]
  /** What differs from the defaults. */
  readonly limits?: Partial<VisitLimits>
}

/** What came of a visit to a provider. */
export interface FetchOutcome {
  /** `nothing`: no mail was there; `busy`: the provider cannot now. `busy` and `failed` say why in `reason`. */
  readonly kind: 'fetched' | 'nothing' | 'busy' | 'failed'
  /** That are ours now, also where the visit was cut off later. */
  readonly messages: number
  readonly octets: number
  /** Recipients and messages that we refused, and the last words of it; absent when there were none. */
  readonly refused?: number
  readonly refusal?: string
  readonly reason?: string
}

export interface CustomerDependencies {
  readonly settings: CustomerSettings
  readonly receive: Receive
  /** Where a provider is; as the system finds it, when absent. */
  readonly addressesOf?: AddressesOf
  /** Why mail must not be fetched now, because it would be refused and go back; undefined when it may. */
  readonly unready?: (provider: Provider) => Promise<string | undefined>
  readonly logger: Logger
  readonly metrics: MetricRegistry
  readonly clock?: Clock
  /** At least 0 and less than 1. */
  readonly random?: () => number
}

export interface CustomerAgent extends Component {
  /**
   * Goes there now, or joins the visit that is under way. Never rejects for what the provider does. Rejects with OperatorError for a
   * name that is unknown, and with the signal's reason when that aborts; the visit goes on then.
   */
  fetch(provider: string, signal: AbortSignal): Promise<FetchOutcome>
}

/** The customer's side of on-demand mail relay: calls providers, and takes the mail that they keep for us. */
// RFC 2645
export function createCustomerAgent(dependencies: CustomerDependencies): CustomerAgent {
  const { providers } = dependencies.settings
  if (providers.length > MOST_PROVIDERS) throw new TypeError(`more than ${MOST_PROVIDERS} providers`)
  const rounds = roundsOf(dependencies)
  if (rounds.size < providers.length) throw new TypeError('two providers of one name')
  const all = [...rounds.values()]
  const drain = async (signal: AbortSignal): Promise<void> => {
    const cut = (): void => all.forEach((each) => each.cut())
    signal.addEventListener('abort', cut, { once: true })
    const left = Promise.all(all.map((each) => each.leave()))
    if (signal.aborted) cut()
    await left
    signal.removeEventListener('abort', cut)
  }
  return {
    name: 'odmr customer',
    start: () => all.forEach((each) => each.begin()),
    drain,
    stop: () => drain(AbortSignal.abort()),
    health: () => healthOf(all),
    fetch: async (name, signal) => {
      const report = (rounds.get(name) ?? unknown(name, providers)).go()
      return report === undefined ? LEFT : outcomeOf(await untilAborted(report, signal))
    },
  }
}

function roundsOf(dependencies: CustomerDependencies): ReadonlyMap<string, Rounds> {
  const { settings, receive, addressesOf, unready, logger, metrics, random = Math.random } = dependencies
  const { hostname, providers } = settings
  const clock = dependencies.clock ?? systemClock
  const limits = { ...DEFAULT_VISIT_LIMITS, ...settings.limits }
  const told = metrics.register(fetchMetrics(providers.map(({ name }) => name)))
  const events = new FetchEvents(logger.child({ agent: 'odmr' }), told, clock)
  const common = {
    hostname,
    receive,
    limits,
    clock,
    ...(addressesOf && { addressesOf }),
    ...(unready && { unready }),
  }
  return new Map(
    providers.map((provider) => {
      const schedule = new Schedule(provider.every, random)
      const visit = (sid: string): Visit => new Visit({ ...common, provider, sid })
      return [provider.name, new Rounds({ provider, schedule, events, clock, visit })]
    }),
  )
}

function unknown(name: string, providers: readonly Provider[]): never {
  const known = providers.map((provider) => provider.name).join(', ')
  const remedy = known === '' ? 'name providers in odmr.fetch' : `choose one of ${known}`
  throw new OperatorError(`odmr.fetch has no provider called ${name}`, remedy)
}

const LEFT: FetchOutcome = { kind: 'failed', messages: 0, octets: 0, reason: 'this server is shutting down' }

const KINDS: Readonly<Partial<Record<VisitEnd, FetchOutcome['kind']>>> = {
  fetched: 'fetched',
  nothing: 'nothing',
  busy: 'busy',
}

function outcomeOf({ end, reason, messages, octets, refused, refusal }: VisitReport): FetchOutcome {
  return {
    kind: KINDS[end] ?? 'failed',
    messages,
    octets,
    ...(refused !== undefined && { refused }),
    ...(refusal !== undefined && { refusal }),
    ...(reason !== undefined && { reason }),
  }
}

/** Mail that waits elsewhere is safe there, so that this is never more than degraded. */
function healthOf(all: readonly Rounds[]): Health {
  const worst = all.find(({ last, isWorrying }) => isWorrying || isLasting(last))
  if (worst === undefined) return { status: 'ok' }
  const { provider, last } = worst
  const reason = `no mail comes from ${provider.name}: ${last?.reason ?? 'nobody knows why'}`
  return {
    status: 'degraded',
    reason,
    hint: `when it is mended, "cartero odmr fetch ${provider.name}" goes there at once`,
  }
}

function isLasting(last: VisitReport | undefined): boolean {
  return last?.end === 'refused' || last?.end === 'insecure'
}
