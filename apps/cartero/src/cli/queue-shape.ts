import { isCollected, OTHER_DESTINATIONS, type ShapeCell } from '@cartero/spool'
import { Option, type Command } from 'commander'

import { UsageError } from './exit-code.ts'
import { plain, print, printJson, say, tableOf } from './output.ts'
import { askQueue } from './queue-client.ts'
import { withSystemOptions, type SystemOptions } from './reach-system.ts'

type By = 'destination' | 'reason' | 'state'
type ShapeOptions = SystemOptions & { readonly by: By; readonly top: string }

const HOUR = 3_600_000
/** Ages in hours up to which a column counts; the last one counts all that is older. */
const COLUMNS = [1, 2, 4, 8, 16, 24, 48, 72, 120, Infinity] as const

/** Destinations that are told by name whatever is asked for. */
const NAMED = 100

/** What stands in one line. */
export interface ShapeRow {
  readonly name: string
  readonly deliveries: number
  readonly octets: number
  /** Deliveries by age, in the order of the columns. */
  readonly ages: readonly number[]
}

export function registerShape(queue: Command): void {
  withSystemOptions(
    queue
      .command('shape')
      .description('how much waits for whom, and for how long: counted, whatever its length'),
  )
    .addOption(
      new Option('--by <what>', 'what stands in a line')
        .choices(['destination', 'reason', 'state'])
        .default('destination'),
    )
    .option('--top <n>', 'lines, the longest first', '20')
    .action(shape)
}

async function shape(options: ShapeOptions): Promise<void> {
  if (!/^[1-9]\d{0,5}$/.test(options.top))
    throw new UsageError(`--top takes a whole number, not '${options.top}'`)
  const destinations = Math.max(Number(options.top), NAMED)
  const cells = await askQueue(options, (queue) => queue.shape({ destinations }))
  const { total, rows } = shapeOf(cells, options.by, Date.now())
  const shown = rows.slice(0, Number(options.top))
  if (options.output === 'json') {
    const hours = COLUMNS.map((hour) => (hour === Infinity ? null : hour))
    return printJson({ by: options.by, hours, total, rows: shown })
  }
  if (total.deliveries === 0) return say('nothing waits')
  const heads = [options.by.toUpperCase(), 'ALL', ...COLUMNS.map(headOf)]
  const lines = [total, ...shown].map(({ name, deliveries, ages }) => [
    plain(name),
    String(deliveries),
    ...ages.map((count) => (count === 0 ? '.' : String(count))),
  ])
  print(tableOf([heads, ...lines], { right: heads.map((_, i) => i).slice(1) }))
  if (rows.length > shown.length) say(`and ${rows.length - shown.length} more lines: --top ${rows.length}`)
}

/** All cells together, and by what they have in common, the most first. */
export function shapeOf(
  cells: readonly ShapeCell[],
  by: By,
  now: number,
): { readonly total: ShapeRow; readonly rows: readonly ShapeRow[] } {
  const groups = new Map<string, ShapeCell[]>()
  for (const cell of cells) {
    const name = nameOf(cell, by)
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [cell])
    else group.push(cell)
  }
  const rows = [...groups].map(([name, group]) => rowOf(name, group, now))
  return {
    total: rowOf('TOTAL', cells, now),
    rows: rows.toSorted((a, b) => b.deliveries - a.deliveries || (a.name < b.name ? -1 : 1)),
  }
}

function nameOf({ destination, state, status }: ShapeCell, by: By): string {
  if (by === 'state') return state
  if (by === 'reason' && status === '' && isCollected(destination)) return '(not fetched yet)'
  if (by === 'reason') return status === '' ? '(not tried yet)' : status
  if (destination === OTHER_DESTINATIONS) return '(all others)'
  return destination === '' ? '(not routed yet)' : destination
}

function rowOf(name: string, cells: readonly ShapeCell[], now: number): ShapeRow {
  const ages: number[] = COLUMNS.map(() => 0)
  let [deliveries, octets] = [0, 0]
  for (const cell of cells) {
    // Of all that was accepted in an hour, the youngest.
    const age = Math.max(now / HOUR - (cell.hour + 1), 0)
    const column = COLUMNS.findIndex((hours) => age < hours)
    ages[column] = (ages[column] ?? 0) + cell.deliveries
    deliveries += cell.deliveries
    octets += cell.octets
  }
  return { name, deliveries, octets, ages }
}

function headOf(hours: number): string {
  if (hours === Infinity) return 'OLDER'
  return hours < 24 ? `${hours}h` : `${hours / 24}d`
}
