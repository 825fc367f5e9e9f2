import { destinationOf, type DeliveryFilter, type DeliveryState, type DestinationName } from '@cartero/spool'
import { Option, type Command } from 'commander'

import { UsageError } from './exit-code.ts'

/** What may be said of the deliveries that are meant. */
export interface FilterOptions {
  readonly id?: readonly string[]
  readonly sender?: string
  readonly recipient?: string
  readonly domain?: string
  readonly route?: string
  readonly customer?: string
  readonly olderThan?: string
  readonly youngerThan?: string
  readonly reason?: string
  readonly state?: DeliveryState
}

const STATES: readonly DeliveryState[] = ['ready', 'leased', 'deferred', 'held', 'failed', 'expired']

export function withFilter(command: Command): Command {
  return command
    .option('--id <ids...>', 'queue ids, or ids of deliveries (<queue id>.<n>)')
    .option('--sender <address>', 'from an address, from @domain, or <> for notices')
    .option('--recipient <address>', 'to an address, or to @domain')
    .option('--domain <name>', 'that go to the hosts of a domain; local: into our own mailboxes')
    .option('--route <name>', 'that go by a configured route')
    .option('--customer <domain>', 'that wait until the customer of a domain comes for them')
    .option('--older-than <age>', 'accepted so long ago or longer, such as 30m, 4h or 2d')
    .option('--younger-than <age>', 'accepted not so long ago')
    .option('--reason <text>', 'whose last attempt ended with these words, whatever their case')
    .addOption(new Option('--state <state>', 'in one state').choices(STATES))
}

/** The filter that is meant; `ids` are those that stand without `--id`. Throws UsageError. */
export async function filterOf(
  options: FilterOptions,
  ids: readonly string[] = [],
  now: number = Date.now(),
): Promise<DeliveryFilter> {
  const { sender, recipient, olderThan, youngerThan, reason, state } = options
  const all = [...ids, ...(options.id ?? [])].map(idNamed)
  const destination = destinationNamed(options)
  return {
    ...(all.length > 0 && { ids: all }),
    ...(sender !== undefined && { sender }),
    ...(recipient !== undefined && { recipient }),
    ...(destination !== undefined && { destination }),
    ...(olderThan !== undefined && { acceptedBefore: now - (await ageOf('--older-than', olderThan)) }),
    ...(youngerThan !== undefined && { acceptedAfter: now - (await ageOf('--younger-than', youngerThan)) }),
    ...(reason !== undefined && { reason }),
    ...(state !== undefined && { state }),
  }
}

function destinationNamed({ domain, route, customer }: FilterOptions): DestinationName | undefined {
  const named = [
    ...(domain === undefined ? [] : [domain.toLowerCase()]),
    ...(route === undefined ? [] : [destinationOf({ kind: 'route', name: route })]),
    ...(customer === undefined ? [] : [destinationOf({ kind: 'odmr', domain: customer.toLowerCase() })]),
  ]
  if (named.length > 1) throw new UsageError('--domain, --route and --customer are destinations: name one')
  return named[0]
}

/** As they are printed, whatever the case in which they are copied. */
export function idNamed(text: string): string {
  const id = text.toUpperCase()
  if (/^[0-9A-HJKMNP-TV-Z]{16}(?:\.\d+)?$/.test(id)) return id
  throw new UsageError(
    `'${text}' is no queue id: they have 16 letters and digits, as "cartero queue list" shows them`,
  )
}

async function ageOf(option: string, text: string): Promise<number> {
  const { duration } = await import('@cartero/agent/config')
  const type = duration({ min: '0s', max: '3650d' })
  const parsed = type.schema.safeParse(text)
  if (parsed.success) return parsed.data
  throw new UsageError(`${option} takes ${type.expected}, not '${text}'`)
}
