import { Option, type Command } from 'commander'

export type OutputFormat = 'table' | 'json'

/** `-o json`: the same data for machines. */
export function withOutput(command: Command): Command {
  return command.addOption(
    new Option('-o, --output <format>', 'how data is printed').choices(['table', 'json']).default('table'),
  )
}

/** Data, on standard output. */
export function print(text: string): void {
  process.stdout.write(text === '' || text.endsWith('\n') ? text : `${text}\n`)
}

/** Talk, on standard error. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** Objects of one kind: as JSON, or as columns in the order of `columns`. */
export function printRows<T>(
  rows: readonly T[],
  format: OutputFormat,
  columns: Readonly<Record<string, (row: T) => string>>,
): void {
  if (format === 'json') return print(JSON.stringify(rows, undefined, 2))
  if (rows.length > 0)
    print(
      tableOf([Object.keys(columns), ...rows.map((row) => Object.values(columns).map((cell) => cell(row)))]),
    )
}

function tableOf(lines: readonly (readonly string[])[]): string {
  const widths =
    lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? []
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
