import type { Answer } from 'dns-packet'
import { DnsError, type RecordsByType, type RecordType } from '../ports.ts'
import type { Message } from './packet.ts'
import { printableName, readRecord } from './records.ts'

/** What one message says of a name. `alias`: only that it is another name, of which the message says nothing. */
export interface Reading<T extends RecordType> {
  readonly kind: 'found' | 'noData' | 'noName' | 'alias'
  /** After all CNAMEs of the message. */
  readonly name: string
  readonly records: readonly RecordsByType[T][]
  /** How long it may be kept, in seconds. */
  readonly ttl: number
}

/** The names on the way from the name that was asked for, that one included; the longest way is `aliases` CNAMEs long. */
export interface Trail {
  readonly names: Set<string>
  readonly aliases: number
}

/**
 * Follows the CNAMEs of a message to the records or to nothing, and tells the trail of them.
 * Throws DnsError `malformed` for CNAMEs that lead in a circle, or to nowhere within the longest way, and for a referral.
 */
// RFC 1034 §3.6.2, RFC 1034 §5.3.3, RFC 2308 §2
export function readMessage<T extends RecordType>(
  message: Message,
  { name, type }: { readonly name: string; readonly type: T },
  trail: Trail,
): Reading<T> {
  const owners = byOwner(message.answers)
  let current = name
  let ttl = Number.POSITIVE_INFINITY
  for (;;) {
    const here = owners.get(current) ?? []
    const found = here.filter((record) => record.type === type)
    if (found.length > 0) {
      const records = found.map((record) => readRecord(record, type))
      return { kind: 'found', name: current, records, ttl: Math.min(ttl, shortest(found)) }
    }
    const aliases = here.filter((record) => record.type === 'CNAME')
    if (aliases.length === 0) return nothing(message, { name: current, ttl, isAlias: current !== name })
    ttl = Math.min(ttl, shortest(aliases))
    current = onward(trail, aliases)
  }
}

function byOwner(answers: readonly Answer[]): ReadonlyMap<string, readonly Answer[]> {
  return Map.groupBy(
    answers.filter((record) => 'class' in record && record.class === 'IN'),
    (record) => printableName(record.name),
  )
}

// RFC 2181 §10.1
function onward({ names, aliases: most }: Trail, records: readonly Answer[]): string {
  const [target, ...others] = new Set(records.map((record) => readRecord(record, 'CNAME')))
  if (others.length > 0)
    throw new DnsError('malformed', `${records[0]!.name} is said to be several names at once`)
  if (names.has(target!))
    throw new DnsError('malformed', `CNAMEs in a circle: ${[...names, target].join(' → ')}`)
  if (names.size > most)
    throw new DnsError('malformed', `more than ${most} CNAMEs: ${[...names].join(' → ')}`)
  names.add(target!)
  return target!
}

/** Which nothing it is: the name, its data, or the server's knowledge of what the last CNAME leads to. */
// RFC 2308 §2.1, RFC 2308 §2.2, RFC 2308 §5
function nothing(
  { rcode, authorities }: Message,
  { name, ttl, isAlias }: { readonly name: string; readonly ttl: number; readonly isAlias: boolean },
): Reading<never> {
  const soa = authorities.find((record) => record.type === 'SOA')
  const denial = soa ? Math.min(shortest([soa]), seconds(soa.data.minimum)) : 0
  const told = { name, records: [], ttl: Math.min(ttl, denial) }
  if (rcode === 'NXDOMAIN') return { ...told, kind: 'noName' }
  if (soa) return { ...told, kind: 'noData' }
  if (isAlias) return { ...told, kind: 'alias', ttl }
  if (authorities.some((record) => record.type === 'NS'))
    throw new DnsError('malformed', `a referral for ${name} by a server that should know`)
  return { ...told, kind: 'noData' }
}

const shortest = (records: readonly Answer[]): number =>
  Math.min(...records.map((record) => seconds('ttl' in record ? record.ttl : 0)))

/** The highest bit is no part of a TTL. */
// RFC 2181 §8
const seconds = (ttl: number | undefined): number => (ttl === undefined || ttl > 0x7f_ff_ff_ff ? 0 : ttl)
