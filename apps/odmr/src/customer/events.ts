import type { Instruments, LogFields, Logger } from '@cartero/agent/telemetry'
import type { Clock } from '@cartero/wire'
import type { fetchMetrics } from './metrics.ts'
import type { Provider } from './provider.ts'
import type { VisitEnd, VisitReport } from './report.ts'

/** How loudly it is told: what needs somebody is an error, what may mend itself is not. */
const LEVELS = {
  fetched: 'info',
  nothing: 'info',
  left: 'info',
  busy: 'warn',
  unreachable: 'warn',
  broken: 'warn',
  cutOff: 'warn',
  insecure: 'error',
  refused: 'error',
} as const satisfies Record<VisitEnd, keyof Logger>

/** What can be done about it here. */
const HINTS: Readonly<Partial<Record<VisitEnd, string>>> = {
  refused: 'see whether odmr.fetch has the login, the password and the domains that the provider knows',
  insecure:
    'see whether odmr.fetch has the host that the certificate is for, and the authorities that vouch for it',
}

const WELL: ReadonlySet<VisitEnd> = new Set(['fetched', 'nothing', 'left'])

/** What the customer's side tells of its visits. */
export class FetchEvents {
  readonly #logger: Logger
  readonly #metrics: Instruments<ReturnType<typeof fetchMetrics>>
  readonly #clock: Clock

  constructor(logger: Logger, metrics: Instruments<ReturnType<typeof fetchMetrics>>, clock: Clock) {
    this.#logger = logger
    this.#metrics = metrics
    this.#clock = clock
  }

  /** To this provider everything is said in the clear. */
  inTheClear({ name: provider, host, port }: Provider): void {
    const reason = 'without TLS everybody on the way can read this mail and guess at the password'
    this.#logger.warn('odmr.fetch.clear', { provider, host, port, reason })
  }

  began({ name: provider, host, port }: Provider, sid: string): void {
    this.#logger.info('odmr.fetch.began', { provider, host, port, sid })
  }

  /** @param next milliseconds until the next visit, if there is one */
  ended({ name: provider, host, port }: Provider, report: VisitReport, next: number | undefined): void {
    this.#count(provider, report)
    const { end, reason, messages, octets, refused, refusal } = report
    const hint = HINTS[end]
    this.#logger[LEVELS[end]](WELL.has(end) ? 'odmr.fetch.ended' : 'odmr.fetch.failed', {
      provider,
      host,
      port,
      ...seen(report),
      outcome: end,
      messages,
      octets,
      ...(refused !== undefined && { refused, refusal }),
      ...(reason !== undefined && { reason }),
      ...(hint !== undefined && { hint }),
      ...(next !== undefined && { next: new Date(this.#clock.now() + next).toISOString() }),
    })
  }

  /** Something was thrown that nobody foresaw. */
  bug({ name: provider }: Provider, error: unknown): void {
    this.#logger.error('odmr.fetch.bug', { provider, err: error })
  }

  #count(provider: string, { end, messages, octets, milliseconds }: VisitReport): void {
    const metrics = this.#metrics
    metrics.visits.add({ provider, outcome: end })
    metrics.messages.add({ provider }, messages)
    metrics.octets.add({ provider }, octets)
    metrics.duration.observe({ provider }, milliseconds / 1000)
    if (end === 'fetched' || end === 'nothing') metrics.succeeded.set({ provider }, this.#clock.now() / 1000)
  }
}

function seen({ sid, address, tls, milliseconds }: VisitReport): LogFields {
  return {
    sid,
    ...(address !== undefined && { address }),
    ...(tls && { tls: tls.version }),
    seconds: milliseconds / 1000,
  }
}
