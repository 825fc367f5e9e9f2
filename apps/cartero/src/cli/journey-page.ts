import type { JourneyEvent, MessageJourney } from '@cartero/journey'
import { nextHopOf, type DeliverySummary } from '@cartero/spool'

/** Recipients that a line names; of more, it says how many. */
const MOST_NAMED = 10

/** What stands in the first line of a message, and is not repeated by the event that brought it. */
const IN_HEAD = new Set(['qid', 'from', 'size', 'msgid'])
/** What a reader looks for first; all else follows as it was told. */
const ORDER = [
  'account',
  'peer',
  'helo',
  'protocol',
  'destination',
  'host',
  'address',
  'tls',
  'reply',
  'status',
  'reason',
  'attempt',
  'next',
]

/** What still waits of a message: undefined when nobody could be asked. */
export type Waiting = readonly DeliverySummary[] | undefined

/** One message: who wrote to whom, then a line for each thing that happened, then what waits. Not yet harmless for a terminal. */
export function journeyLines({ qid, events }: MessageJourney, waiting: Waiting): string[] {
  return [headOf(qid, events), ...eventLines(events, qid), ...waitingLines(waiting)]
}

/** What happened to nobody's message. */
export function otherLines(events: readonly JourneyEvent[]): string[] {
  return eventLines(events, undefined)
}

function headOf(qid: string, events: readonly JourneyEvent[]): string {
  const own = events.filter(({ fields }) => fields['qid'] === qid)
  const first = own.find(({ fields }) => 'from' in fields && 'to' in fields)?.fields
  if (first !== undefined) {
    const { from, to, size, msgid } = first
    const octets = typeof size === 'number' ? `, ${size} octets` : ''
    return `${qid} from ${path(from)} to ${paths(to)}${octets}${typeof msgid === 'string' ? `, Message-ID ${msgid}` : ''}`
  }
  const notice = own.find(({ event }) => event === 'notice.sent')?.fields
  return notice === undefined
    ? qid
    : `${qid} notice about ${String(notice['about'])}${'to' in notice ? ` to ${paths(notice['to'])}` : ''}`
}

function eventLines(events: readonly JourneyEvent[], qid: string | undefined): string[] {
  const rows = events.map((event) => [
    new Date(event.at).toISOString(),
    sinceFirst(event.at - events[0]!.at),
    event.agent,
    event.event.replace(/^message\./, ''),
    detailsOf(event, qid),
  ])
  const widths = [0, 1, 2, 3].map((column) => Math.max(0, ...rows.map((row) => row[column]!.length)))
  return rows.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  )
}

function sinceFirst(milliseconds: number): string {
  return `${milliseconds < 0 ? '-' : '+'}${(Math.abs(milliseconds) / 1_000).toFixed(3)}s`
}

/** Recipients first, then names and values. */
function detailsOf({ fields }: JourneyEvent, qid: string | undefined): string {
  const { to, ...others } = fields
  const isOwn = qid !== undefined && fields['qid'] === qid
  const names = Object.keys(others)
    .filter((name) => others[name] !== undefined && !(isOwn && IN_HEAD.has(name)))
    .filter((name) => name !== 'reason' || !isReply(fields))
    .toSorted((a, b) => rank(a) - rank(b))
  const words = names.map((name) => `${name}=${valueOf(name, others[name])}`)
  return [...(to === undefined ? [] : [paths(to)]), ...words].join(' ')
}

/** The reason is what the host replied, and who it was, which are told. */
function isReply({ reason, reply }: JourneyEvent['fields']): boolean {
  return typeof reason === 'string' && typeof reply === 'string' && reason.endsWith(reply)
}

function rank(name: string): number {
  const at = ORDER.indexOf(name)
  return at === -1 ? ORDER.length : at
}

function valueOf(name: string, value: unknown): string {
  if (name === 'from') return path(value)
  if (Array.isArray(value))
    return some(
      value.map((one) => valueOf('', one)),
      ',',
    )
  if (typeof value === 'object' && value !== null)
    return Object.entries(value)
      .map(([part, inner]) => `${part}:${valueOf('', inner)}`)
      .join(',')
  if (typeof value !== 'string') return JSON.stringify(value)
  return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)
}

function paths(to: unknown): string {
  return some((Array.isArray(to) ? to : [to]).map(path))
}

// RFC 5321 §4.1.1.2: the null path is <>
function path(address: unknown): string {
  return `<${typeof address === 'string' ? address : JSON.stringify(address)}>`
}

function some(all: readonly string[], between = ', '): string {
  const named = all.slice(0, MOST_NAMED).join(between)
  return all.length > MOST_NAMED ? `${named} and ${all.length - MOST_NAMED} others` : named
}

const WAITS: Readonly<Partial<Record<DeliverySummary['state'], string>>> = {
  ready: 'waits to be tried',
  leased: 'is being tried',
  deferred: 'waits',
  held: 'is held',
  failed: 'is a dead letter',
  expired: 'is a dead letter',
}

function waits(what: string, destination: string): string {
  if (destination === '') return `${what} for a route`
  const hop = nextHopOf(destination)
  if (hop.kind !== 'odmr') return `${what} for ${destination}`
  return what === WAITS.leased
    ? `is being fetched by the customer of ${hop.domain}`
    : `${what === WAITS.ready ? 'waits' : what} until the customer of ${hop.domain} comes for it`
}

function waitingLines(waiting: Waiting): string[] {
  return (waiting ?? []).flatMap(({ state, recipients, destination, notBefore, attempts, reason }) => {
    const what = WAITS[state]
    if (what === undefined) return []
    const words = [
      `${waits(what, destination)}: ${paths(recipients)}`,
      ...(attempts > 0 ? [attempts === 1 ? 'tried once' : `tried ${attempts} times`] : []),
      ...(notBefore === undefined ? [] : [`not before ${new Date(notBefore).toISOString()}`]),
      ...(reason === undefined ? [] : [`since ${JSON.stringify(reason)}`]),
    ]
    return [`  ${words.join(', ')}`]
  })
}
