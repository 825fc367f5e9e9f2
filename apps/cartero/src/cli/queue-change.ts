import type { Change, DeliveryFilter, DeliveryState, NextHop } from '@cartero/spool'
import type { Command } from 'commander'

import type { ChangeCounts } from '../queue-verbs.ts'
import { EXIT, NotFoundError, UsageError } from './exit-code.ts'
import { plain, printJson, say } from './output.ts'
import { Progress } from './progress.ts'
import { askQueue, type Queue } from './queue-client.ts'
import { filterOf, withFilter, type FilterOptions } from './queue-filter.ts'
import { missingRoute, whyNothing } from './queue-hints.ts'
import { withSystemOptions, type SystemOptions } from './reach-system.ts'
import { deliveries } from './span.ts'

type ChangeOptions = SystemOptions &
  FilterOptions & {
    readonly all?: true
    readonly dryRun?: true
    readonly yes?: true
    readonly because?: string
    readonly toDomain?: string
    readonly toRoute?: string
    readonly toCustomer?: string
  }

/** One verb that changes deliveries. */
interface ChangeVerb {
  readonly name: string
  readonly description: string
  /** As in "12 deliveries were held". */
  readonly done: string
  /** What it does to mail cannot be undone. */
  readonly isFinal?: true
  /** What it leaves alone because another verb is for it. */
  readonly leaves?: { readonly state: DeliveryState; readonly to: string }
  readonly options?: (command: Command) => Command
  /** Throws UsageError. */
  readonly change: (options: ChangeOptions) => Change
}

const because = (command: Command): Command =>
  command.option('--because <text>', 'why, for those who look at it later')

const VERBS: readonly ChangeVerb[] = [
  {
    name: 'hold',
    description: 'keep deliveries where they are until they are released',
    done: 'held',
    options: because,
    change: (options) => ({ kind: 'hold', reason: `held: ${options.because ?? 'by the operator'}` }),
  },
  {
    name: 'release',
    description: 'let held deliveries, and dead letters, go on',
    done: 'released',
    leaves: { state: 'deferred', to: 'retry' },
    change: () => ({ kind: 'release' }),
  },
  {
    name: 'retry',
    description: 'try deferred deliveries now, whatever came of the last attempt',
    done: 'made due',
    leaves: { state: 'held', to: 'release' },
    change: () => ({ kind: 'retry' }),
  },
  {
    name: 'remove',
    description: 'forget deliveries; nobody is told',
    done: 'removed',
    isFinal: true,
    change: () => ({ kind: 'remove' }),
  },
  {
    name: 'bounce',
    description: 'give mail back to its senders as undeliverable',
    done: 'given back',
    isFinal: true,
    options: because,
    change: (options) => ({
      kind: 'return',
      ...(options.because !== undefined && { reason: options.because }),
    }),
  },
  {
    name: 'expire',
    description: 'give mail back to its senders as having waited too long',
    done: 'given up',
    isFinal: true,
    change: () => ({ kind: 'expire' }),
  },
  {
    name: 'reroute',
    description: 'send deliveries to another destination',
    done: 'rerouted',
    isFinal: true,
    options: (command) =>
      command
        .option('--to-domain <name>', 'the hosts that the DNS names for a domain')
        .option('--to-route <name>', 'a configured route')
        .option('--to-customer <domain>', 'the customer of a domain, who comes for it'),
    change: (options) => ({ kind: 'reroute', nextHop: nextHopOf(options) }),
  },
]

export function registerChanges(queue: Command): void {
  for (const verb of VERBS) {
    const command = withFilter(withSystemOptions(queue.command(verb.name).description(verb.description)))
      .argument('[ids...]', 'queue ids, or ids of deliveries')
      .option('--all', 'everything that waits')
      .option('--dry-run', 'only say how many are meant')
    if (verb.isFinal) command.option('--yes', 'do so to all that a filter means, without being asked')
    verb.options?.(command)
    command.action((ids: readonly string[], options: ChangeOptions) => run(verb, ids, options))
  }
}

async function run(verb: ChangeVerb, ids: readonly string[], options: ChangeOptions): Promise<void> {
  const filter = await filterOf(options, ids)
  const isEmpty = Object.keys(filter).length === 0
  if (isEmpty && !options.all) throw new UsageError('say which: ids, a filter such as --domain, or --all')
  if (!isEmpty && options.all) throw new UsageError('--all means everything: leave the filter out')
  const change = verb.change(options)
  await customerIsThere(change, options)
  await askQueue(options, async (queue) => {
    await routeIsThere(queue, change)
    const count = await queue.count(filter)
    if (count === 0 && filter.ids !== undefined)
      throw new NotFoundError('none of these is in the queue, or not as the filter says')
    const hint = count === 0 ? await whyNothing(queue, filter) : undefined
    if (hint !== undefined) say(plain(hint))
    if (options.dryRun) return tellDryRun(count, verb, options)
    if (await isMeant(verb, { count, filter, isSure: options.yes === true }))
      return carryOut(queue, { filter, change, count, verb, options })
    say('nothing was changed')
    process.exitCode = EXIT.failure
  })
}

/** Mail that is sent by a route that is not there waits for it until it is given back. Rejects with NotFoundError. */
async function routeIsThere(queue: Queue, change: Change): Promise<void> {
  if (change.kind !== 'reroute' || change.nextHop.kind !== 'route') return
  const missing = missingRoute(change.nextHop.name, await queue.routes())
  if (missing !== undefined) throw new NotFoundError(missing)
}

/** What waits for somebody who never comes is given back, too. Rejects with NotFoundError. */
async function customerIsThere(change: Change, options: ChangeOptions): Promise<void> {
  if (change.kind !== 'reroute' || change.nextHop.kind !== 'odmr') return
  const { domain } = change.nextHop
  const { askSystem } = await import('./reach-system.ts')
  const customers = await askSystem({ ...options, isQuiet: true }, (ask) =>
    ask('odmr.customers', undefined as never),
  )
  if (customers.some((customer) => customer.domain === domain)) return
  throw new NotFoundError(
    `no mail waits for a customer of ${domain}; "cartero odmr list" shows for whom it does`,
  )
}

function tellDryRun(count: number, { done }: ChangeVerb, { output }: ChangeOptions): void {
  if (output === 'json') return printJson({ dryRun: true, found: count, changed: 0 })
  say(`${deliveries(count)} would be ${done}`)
}

/** Who names each by its id means it; a filter may mean more than one believes. Throws UsageError. */
async function isMeant(
  { name, isFinal }: ChangeVerb,
  {
    count,
    filter,
    isSure,
  }: { readonly count: number; readonly filter: DeliveryFilter; readonly isSure: boolean },
): Promise<boolean> {
  if (!isFinal || count === 0) return true
  say(`${deliveries(count)} to ${name}`)
  if (isSure || filter.ids !== undefined) return true
  if (!process.stdin.isTTY) throw new UsageError('nothing was changed; say --yes to go on')
  const { confirm } = await import('./password.ts')
  return confirm('Go on?')
}

interface Work {
  readonly filter: DeliveryFilter
  readonly change: Change
  readonly count: number
  readonly verb: ChangeVerb
  readonly options: ChangeOptions
}

/** In portions. Ctrl-C stops between two, and what was changed stays so. */
async function carryOut(queue: Queue, work: Work): Promise<void> {
  const { filter, change, count, verb, options } = work
  const stop = new AbortController()
  const interrupt = (): void => stop.abort()
  process.once('SIGINT', interrupt)
  const progress = new Progress(count)
  let last: ChangeCounts = { found: 0, changed: 0 }
  try {
    for await (last of queue.change(filter, change, stop.signal)) progress.at(last.found)
  } finally {
    process.off('SIGINT', interrupt)
    progress.end()
  }
  if (options.output === 'json') printJson({ ...last, ...(stop.signal.aborted && { stopped: true }) })
  say(`${deliveries(last.changed)} ${last.changed === 1 ? 'was' : 'were'} ${verb.done}`)
  if (stop.signal.aborted) {
    say('stopped; the others were left alone')
    process.exitCode = EXIT.failure
  } else for (const line of await untouched(queue, work, last.changed)) say(line)
}

/** What met the filter and was not changed, in sentences. */
async function untouched(queue: Queue, { filter, count, verb }: Work, changed: number): Promise<string[]> {
  const left = Math.max(count - changed, 0)
  const { leaves } = verb
  const isAsked = left > 0 && leaves !== undefined && (filter.state ?? leaves.state) === leaves.state
  const other = isAsked ? Math.min(left, await queue.count({ ...filter, state: leaves.state })) : 0
  const lines: string[] = []
  if (leaves !== undefined && other > 0)
    lines.push(
      `${deliveries(other)} ${other === 1 ? 'is' : 'are'} ${leaves.state}: "queue ${leaves.to}" is for that`,
    )
  if (left > other) lines.push('the others are on their way just now, or are so already')
  return lines
}

function nextHopOf({ toDomain, toRoute, toCustomer }: ChangeOptions): NextHop {
  if ([toDomain, toRoute, toCustomer].filter((to) => to !== undefined).length !== 1)
    throw new UsageError('say where to: --to-domain, --to-route or --to-customer')
  if (toCustomer !== undefined) return { kind: 'odmr', domain: toCustomer.toLowerCase() }
  if (toRoute !== undefined) return { kind: 'route', name: toRoute }
  const domain = toDomain!.toLowerCase()
  if (/^[a-z0-9_.-]+\.[a-z0-9-]+$|^\[[0-9a-f.:]+\]$/i.test(domain)) return { kind: 'remote', domain }
  throw new UsageError(`'${plain(domain)}' is no domain`)
}
