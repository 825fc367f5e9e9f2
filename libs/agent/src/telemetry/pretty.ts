import { writeSync } from 'node:fs'
import { styleText } from 'node:util'

import { harmless, harmlessJsonText } from '../terminal/harmless.ts'

/** Fields that the line shows in a place of their own, or that are the same in all lines. */
const NOT_REPEATED = new Set(['level', 'ts', 'event', 'agent', 'service', 'err'])

const LEVEL_STYLES = {
  trace: 'gray',
  debug: 'gray',
  info: 'green',
  warn: 'yellow',
  error: 'red',
  fatal: 'magenta',
} as const

/** Turns the JSON lines of the logger into lines for a person: `12:03:04.123 info  msa  message.accepted queueId=…`. */
export class PrettyStream {
  readonly #descriptor: number
  readonly #coloured: boolean

  constructor(descriptor: number, coloured: boolean) {
    this.#descriptor = descriptor
    this.#coloured = coloured && process.env['NO_COLOR'] === undefined
  }

  write(line: string): void {
    try {
      writeSync(this.#descriptor, prettyLine(JSON.parse(line) as Record<string, unknown>, this.#coloured))
    } catch {
      // A terminal that went away, or is not ready: a lost line is better than a lost process.
    }
  }
}

/** @param line a line of the logger, parsed */
export function prettyLine(line: Readonly<Record<string, unknown>>, coloured: boolean): string {
  const level = String(line['level'])
  const style = LEVEL_STYLES[level as keyof typeof LEVEL_STYLES] ?? 'gray'
  const paint = (colour: typeof style | 'bold', text: string): string =>
    coloured ? styleText(colour, text, { validateStream: false }) : text
  const words = [
    paint('gray', String(line['ts']).slice(11, 23)),
    paint(style, level.padEnd(5)),
    ...(typeof line['agent'] === 'string' ? [line['agent']] : []),
    paint('bold', String(line['event'])),
  ]
  for (const [name, value] of Object.entries(line)) {
    if (!NOT_REPEATED.has(name)) words.push(`${paint('gray', `${name}=`)}${printed(value)}`)
  }
  return `${words.join(' ')}\n${errorLines(line['err'])}`
}

function printed(value: unknown): string {
  const isPlain = typeof value === 'string' && /^[^\s"=\p{Cc}\p{Cf}]+$/u.test(value)
  return isPlain ? value : harmlessJsonText(JSON.stringify(value))
}

function errorLines(error: unknown): string {
  if (typeof error !== 'object' || error === null) return ''
  const { stack, message } = error as { readonly stack?: string; readonly message?: string }
  return `    ${harmless(stack ?? message ?? '', 'text').replaceAll('\n', '\n    ')}\n`
}
