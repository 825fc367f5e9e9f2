import { ControlError } from '@cartero/agent/admin'
import { OperatorError } from '@cartero/agent/lifecycle'
import { harmless } from '@cartero/agent/terminal'

/** How a command ended; what scripts may rely on. */
export const EXIT = { ok: 0, failure: 1, usage: 2, notFound: 3 } as const

/** The command was given wrongly. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** What was asked for does not exist. */
export class NotFoundError extends Error {
  override readonly name = 'NotFoundError'
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage
  if (error instanceof NotFoundError) return EXIT.notFound
  if (!(error instanceof ControlError)) return EXIT.failure
  if (error.fault === 'usage') return EXIT.usage
  return error.fault === 'notFound' ? EXIT.notFound : EXIT.failure
}

/** An error in sentences; a bug with its stack. */
export function sentencesOf(error: unknown): string {
  return harmless(sentences(error), 'text')
}

function sentences(error: unknown): string {
  if (!(error instanceof Error)) return `error: ${String(error)}\n`
  if (error instanceof OperatorError) return `error: ${error.message}\n  fix: ${error.remedy}\n`
  if (error.name === 'ConfigError') return `${error.message}\n`
  const isOurs =
    error instanceof UsageError || error instanceof NotFoundError || error instanceof ControlError
  return isOurs ? `error: ${error.message}\n` : `error: ${error.message}\n${error.stack ?? ''}\n`
}
