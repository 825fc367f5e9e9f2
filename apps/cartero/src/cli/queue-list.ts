import { isCollected, type DeliveryId, type DeliverySummary } from '@cartero/spool'
import type { Command } from 'commander'

import { UsageError } from './exit-code.ts'
import { plain, printJson, printRows, say } from './output.ts'
import { askQueue } from './queue-client.ts'
import { filterOf, idNamed, withFilter, type FilterOptions } from './queue-filter.ts'
import { collect } from './queue-pages.ts'
import { whyNothing } from './queue-hints.ts'
import { withSystemOptions, type SystemOptions } from './reach-system.ts'
import { shortSize, span } from './span.ts'

type ListOptions = SystemOptions & FilterOptions & { readonly limit: string; readonly after?: string }

/** Deliveries of one page at most. */
const MOST = 100_000

export function registerList(queue: Command): void {
  withFilter(withSystemOptions(queue.command('list').description('list what waits, newest first')))
    .option('--limit <n>', 'how many at most', '50')
    .option('--after <id>', 'go on after this delivery')
    .action(list)
}

async function list(options: ListOptions): Promise<void> {
  const limit = limitOf(options.limit)
  const after = options.after === undefined ? undefined : (idNamed(options.after) as DeliveryId)
  const filter = await filterOf(options)
  const { page, hint } = await askQueue(options, async (queue) => {
    const found = await collect(queue, filter, { limit, after })
    const isEmpty = found.deliveries.length === 0
    return { page: found, hint: isEmpty ? await whyNothing(queue, filter) : undefined }
  })
  if (hint !== undefined) say(plain(hint))
  if (options.output === 'json') return printJson(page)
  const now = Date.now()
  printRows(page.deliveries, 'table', {
    ID: ({ id }) => id,
    AGE: ({ acceptedAt }) => span(now - acceptedAt),
    SIZE: ({ size }) => shortSize(size),
    SENDER: ({ reversePath }) => (reversePath === '' ? '<>' : reversePath),
    RECIPIENTS: ({ recipients }) => fewOf(recipients),
    STATE: ({ state, sentence }) => (sentence === undefined ? state : `${state} (${ENDS[sentence]})`),
    'NEXT TRY': (delivery) => nextTry(delivery, now),
    REASON: ({ reason = '' }) => reason,
  })
  if (page.deliveries.length === 0) say('nothing waits that meets this')
  if (page.next !== undefined) say(`there is more: --after ${page.next}`)
}

export const ENDS = { return: 'is given back', expire: 'is given up' } as const

export function fewOf(recipients: readonly string[]): string {
  const [first = '', ...others] = recipients
  return others.length === 0 ? first : `${first} (+${others.length})`
}

/** When something is done about it by itself. */
export function nextTry({ state, notBefore, keptUntil, destination }: DeliverySummary, now: number): string {
  if (keptUntil !== undefined) return `forgotten in ${span(keptUntil - now)}`
  if (state === 'ready') return isCollected(destination) ? 'when fetched' : 'now'
  if (state !== 'deferred' || notBefore === undefined) return ''
  return notBefore <= now ? 'now' : `in ${span(notBefore - now)}`
}

function limitOf(text: string): number {
  const limit = Number(text)
  if (/^\d+$/.test(text) && limit >= 1 && limit <= MOST) return limit
  throw new UsageError(`--limit takes a whole number from 1 to ${MOST}, not '${text}'`)
}
