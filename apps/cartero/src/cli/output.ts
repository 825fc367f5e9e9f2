import { harmless, harmlessJson } from '@cartero/agent/terminal'
import { Option, type Command } from 'commander'

export type OutputFormat = 'table' | 'json'

/** `-o json`: the same data for machines. */
export function withOutput(command: Command): Command {
  return command
    .addOption(
      new Option('-o, --output <format>', 'how data is printed').choices(['table', 'json']).default('table'),
    )
    .addOption(new Option('--json', 'the same as -o json').implies({ output: 'json' }))
}

/** Data, on standard output. */
export function print(text: string): void {
  process.stdout.write(text === '' || text.endsWith('\n') ? text : `${text}\n`)
}

/** Data for machines, as JSON that does nothing on a terminal, either. */
export function printJson(value: unknown): void {
  print(harmlessJson(value))
}

/** Talk, on standard error. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** Words of strangers for a terminal: none of them does anything there. */
export const plain = (text: string): string => harmless(text, 'line')

/** Objects of one kind: as JSON, or as columns in the order of `columns`. */
export function printRows<T>(
  rows: readonly T[],
  format: OutputFormat,
  columns: Readonly<Record<string, (row: T) => string>>,
): void {
  if (format === 'json') return printJson(rows)
  if (rows.length > 0)
    print(
      tableOf([
        Object.keys(columns),
        ...rows.map((row) => Object.values(columns).map((cell) => plain(cell(row)))),
      ]),
    )
}

/** Columns as wide as their widest cell; on a terminal, lines that do not fit lose their end. */
export function tableOf(
  lines: readonly (readonly string[])[],
  { right = [], width = process.stdout.isTTY ? process.stdout.columns : 0 }: TableOptions = {},
): string {
  const widths =
    lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? []
  const aligned = (cell: string, column: number): string =>
    right.includes(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)
  return lines.map((line) => fitting(line.map(aligned).join('  ').trimEnd(), width)).join('\n')
}

export interface TableOptions {
  /** Columns of numbers. */
  readonly right?: readonly number[]
  /** Columns of the terminal; 0, as some of them say, is unknown, and then lines keep their end. */
  readonly width?: number
}

function fitting(line: string, width: number): string {
  return width === 0 || line.length <= width ? line : `${line.slice(0, width - 1)}…`
}
