import { readFileSync } from 'node:fs'

import { explainSystemError, OperatorError } from '@cartero/agent/lifecycle'

/** Where the configuration says that a password lies: in one of them. */
export interface PasswordPlace {
  readonly file?: string | undefined
  /** The name of a variable of the environment. */
  readonly env?: string | undefined
}

/**
 * Reads a password from where it lies. Throws OperatorError when it is not there.
 *
 * @param whose in words: `the route provider`
 */
export function readPassword({ file, env }: PasswordPlace, whose: string): string {
  if (file !== undefined) return firstLine(file, whose)
  const value = process.env[env ?? '']
  if (value !== undefined) return value
  throw new OperatorError(
    `the environment has no ${env}, which is to be the password of ${whose}`,
    'set the variable, or name a file',
  )
}

/** How a place is written. */
export const PLACES = 'write { file: PATH } or { env: NAME }'

/** What is wrong with a place that names no file and no variable, or both; undefined when nothing is. */
export function placeFault({ file, env }: PasswordPlace): string | undefined {
  return (file === undefined) === (env === undefined) ? 'its password lies in one place' : undefined
}

function firstLine(file: string, whose: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    throw explainSystemError(error, `read ${file}, the password of ${whose}`)
  }
}
