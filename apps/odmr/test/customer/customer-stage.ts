import { MetricRegistry } from '@cartero/agent/telemetry'
import { openMemoryDirectory } from '@cartero/directory/memory'
import { AddressLimits, DEFAULT_RECEPTION_POLICY } from '@cartero/spool/reception'
import { EdgeGround } from '@cartero/testkit/edge'
import type { ConnectionFacts } from '@cartero/wire'
import {
  createCustomerAgent,
  type CustomerAgent,
  type CustomerDependencies,
  type FetchOutcome,
  type Provider,
  type VisitLimits,
} from '../../src/customer/agent.ts'
import { receiver } from './home-session.ts'
import { PASSWORD } from './scripted-provider.ts'

interface StageOptions extends Partial<Omit<CustomerDependencies, 'settings'>> {
  readonly limits?: Partial<VisitLimits>
}

/** Our side: the agent, and what takes the mail, with everything in memory. The clock stands still. */
export class CustomerStage implements AsyncDisposable {
  readonly ground = new EdgeGround()
  readonly metrics = new MetricRegistry()
  readonly agent: CustomerAgent
  /** Connections that were turned. */
  readonly turned: ConnectionFacts[] = []

  private constructor(
    directory: ReturnType<typeof openMemoryDirectory>,
    providers: readonly Provider[],
    { limits, ...more }: StageOptions,
  ) {
    const { clock, logger, spool } = this.ground
    const policy = DEFAULT_RECEPTION_POLICY
    const receive = receiver({
      intake: spool,
      directory,
      hostname: 'home.test',
      clock,
      policy,
      addressLimits: new AddressLimits(policy.rates, clock),
    })
    this.agent = createCustomerAgent({
      settings: { hostname: 'home.test', providers, ...(limits && { limits }) },
      receive: (connection, options) => {
        this.turned.push(connection)
        return receive(connection, options)
      },
      logger,
      metrics: this.metrics,
      clock,
      random: () => 0.5,
      ...more,
    })
  }

  /** Providers whose name is not said are called edge. */
  static async open(
    providers: readonly (Partial<Provider> & { readonly port: number })[],
    options: StageOptions = {},
  ): Promise<CustomerStage> {
    const directory = openMemoryDirectory()
    await directory.AddDomain({ domain: { name: 'home.test', catchAll: '', postmaster: '' } })
    const account = { address: 'alice@home.test', disabled: false, quota: 0n }
    await directory.AddAccount({ account, password: 'secret words' })
    return new CustomerStage(directory, providers.map(provider), options)
  }

  fetch(name = 'edge', signal: AbortSignal = AbortSignal.timeout(20_000)): Promise<FetchOutcome> {
    return this.agent.fetch(name, signal)
  }

  /** Lets time go by until the promise is settled: what waits for a clock does not wait for ever. */
  async withTime<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
    const over = new AbortController()
    const result = promise.finally(() => over.abort())
    while (!over.signal.aborted) {
      await new Promise((resolve) => setImmediate(resolve))
      this.ground.clock.advance(milliseconds)
    }
    return await result
  }

  /** Waits until so many visits are over. */
  over(visits: number): Promise<void> {
    return until(() => this.reports.length >= visits)
  }

  /** Visits that were begun. */
  get begun(): number {
    return this.ground.lines.filter((line) => line.includes('"odmr.fetch.began"')).length
  }

  /** What was told of visits that are over, in their order. */
  get reports(): readonly Record<string, unknown>[] {
    return this.ground.lines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ event }) => event === 'odmr.fetch.ended' || event === 'odmr.fetch.failed')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.agent.drain!(AbortSignal.abort())
    await this.agent.stop!()
    await this.ground[Symbol.asyncDispose]()
  }
}

export function provider(given: Partial<Provider> & { readonly port: number }): Provider {
  return {
    name: 'edge',
    host: '127.0.0.1',
    domains: [],
    username: 'fetch@edge.test',
    password: PASSWORD,
    tls: 'none',
    ...given,
  }
}

/** Waits until it is so. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve))
}
