import { callControl, ControlError } from '@cartero/agent/admin'
import { duration } from '@cartero/agent/config'
import type { Journal, JournalQuestion, Journeys, JourneyEvent } from '@cartero/journey'
import type { MessageView } from '@cartero/spool'
import type { Command } from 'commander'

import type { DataFolder } from '../data-folder.ts'
import { NotFoundError, UsageError } from './exit-code.ts'
import type { Waiting } from './journey-page.ts'
import { plain, print, printJson, say } from './output.ts'
import { reachSystem, withSystemOptions, type SystemOptions } from './reach-system.ts'

/** Messages that are told unless it is said otherwise; a page or two. */
const DEFAULT_LIMIT = 20
const MOST_MESSAGES = 1_000
/** Milliseconds that a search may take. */
const SEARCH_DEADLINE = 30_000

const KEPT = ': journeys are kept for as long as the setting journey.keep says'

interface Trace {
  readonly found: Journeys
  /** By queue id. Absent when the system is stopped. */
  readonly waiting: ReadonlyMap<string, Waiting> | undefined
}

type TraceOptions = SystemOptions & { readonly since?: number; readonly limit: number }

export function registerTrace(program: Command): void {
  withSystemOptions(
    program
      .command('trace')
      .description('what happened to a message, or to the mail of an address, across all agents'),
  )
    .argument(
      '<what>',
      'a queue id, an address, a Message-ID, the IP address of a client, or the domain of a customer',
    )
    .option('--since <time>', 'messages of the last 2h, 3d …, or since 2026-11-23T12:00Z', sinceWhen)
    .option('--limit <n>', 'messages at most, the newest', messagesAtMost, DEFAULT_LIMIT)
    .action(trace)
}

async function trace(key: string, { since, limit, ...options }: TraceOptions): Promise<void> {
  const { findJourneys } = await import('@cartero/journey')
  const question = { key, limit, ...(since !== undefined && { since }) }
  const search = (journal: Pick<Journal, 'find'>): Promise<Journeys> =>
    findJourneys(journal, question, AbortSignal.timeout(SEARCH_DEADLINE))
  const { found, waiting } = await reachSystem<Trace>(options, {
    running: async (data) => {
      const journeys = await search(journalOf(data))
      return { found: journeys, waiting: await waitingOf(data, journeys) }
    },
    stopped: async (data, config) => {
      const { openJournalReader } = await import('@cartero/journey/segments')
      const reader = await openJournalReader({ directory: data.journey, keepFor: config.journey.keep })
      return { found: await search(reader), waiting: undefined }
    },
  })
  if (options.output === 'json') printJson(dataOf(found, waiting))
  if (found.messages.length + found.others.length === 0)
    throw new NotFoundError(
      `nothing is known of ${JSON.stringify(key)}${since === undefined ? KEPT : ' in that time'}`,
    )
  if (options.output !== 'json') await printPage(found, waiting)
  if (found.isCut)
    say(`(there is more: these are the newest ${found.messages.length}; see --limit and --since)`)
  if (waiting === undefined) say('(whether a message still waits is told by a running system)')
}

async function printPage({ messages, others }: Journeys, waiting: Trace['waiting']): Promise<void> {
  const { journeyLines, otherLines } = await import('./journey-page.ts')
  const parts = messages.map((journey) => journeyLines(journey, waiting?.get(journey.qid)))
  const [turns, rejected] = partition(others, ({ event }) => event.startsWith('turn.'))
  if (turns.length > 0) parts.push(['customers who came for mail', ...otherLines(turns)])
  if (rejected.length > 0) parts.push(['turned away', ...otherLines(rejected)])
  print(parts.map((lines) => lines.map(plain).join('\n')).join('\n\n'))
}

function partition<T>(all: readonly T[], isFirst: (one: T) => boolean): readonly [T[], T[]] {
  return [all.filter(isFirst), all.filter((one) => !isFirst(one))]
}

/** The journal of the running system. */
function journalOf(data: DataFolder): Pick<Journal, 'find'> {
  return {
    find: async (question: JournalQuestion, signal: AbortSignal) =>
      (await callControl(data.controlSocket, 'journey.find', question, signal)) as readonly JourneyEvent[],
  }
}

/** What the queue says of each message; nothing of those that it has no more. One after the other: there may be many. */
async function waitingOf(data: DataFolder, { messages }: Journeys): Promise<ReadonlyMap<string, Waiting>> {
  const answers = new Map<string, Waiting>()
  for (const { qid } of messages) answers.set(qid, await deliveriesOf(data, qid))
  return answers
}

/** Undefined when the queue cannot be asked: what happened is told all the same. */
async function deliveriesOf(data: DataFolder, queueId: string): Promise<Waiting> {
  try {
    return ((await callControl(data.controlSocket, 'queue.show', { queueId })) as MessageView).deliveries
  } catch (error) {
    return error instanceof ControlError && error.fault === 'notFound' ? [] : undefined
  }
}

/** The events as they are kept, by message. */
function dataOf({ messages, others, isCut }: Journeys, waiting: Trace['waiting']): object {
  const told = messages.map((journey) => ({ ...journey, waiting: waiting?.get(journey.qid) }))
  return { messages: told, others, isCut }
}

function sinceWhen(text: string): number {
  const { expected, schema } = duration({ min: '1s', max: '3650d' })
  const ago = schema.safeParse(text)
  if (ago.success) return Date.now() - ago.data
  const at = Date.parse(text)
  if (Number.isNaN(at)) throw new UsageError(`--since ${text}: expected ${expected}, or a date and time`)
  return at
}

function messagesAtMost(text: string): number {
  const limit = Number(text)
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST_MESSAGES)
    throw new UsageError(`--limit ${text}: expected a whole number from 1 to ${MOST_MESSAGES}`)
  return limit
}
