import { randomInt } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'

import { OperatorError } from '@cartero/agent/lifecycle'

import { writeDurably } from './durable-file.ts'

export interface Credential {
  readonly address: string
  readonly password: string
}

/** Letters and digits that nobody takes for another. */
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789'
const GROUPS = 4
const GROUP_LENGTH = 5

/** Twenty random characters in groups, about 99 bits: easy to read aloud, and safe in shells and URLs. */
export function generatePassword(): string {
  return Array.from({ length: GROUPS }, randomGroup).join('-')
}

function randomGroup(): string {
  return Array.from({ length: GROUP_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')
}

/** The credentials of a development system. Throws OperatorError when the file is no such file. */
export function readCredentials(file: string): readonly Credential[] {
  if (!existsSync(file)) return []
  try {
    const { accounts } = JSON.parse(readFileSync(file, 'utf8')) as {
      readonly accounts: readonly Credential[]
    }
    if (
      accounts.every(({ address, password }) => typeof address === 'string' && typeof password === 'string')
    )
      return accounts
  } catch (error) {
    throw unreadable(file, error)
  }
  throw unreadable(file, undefined)
}

/** At once: a reader sees the old file or the new one. */
export function writeCredentials(file: string, accounts: readonly Credential[]): void {
  writeDurably(file, `${JSON.stringify({ accounts }, undefined, 2)}\n`, { mode: 0o600 })
}

function unreadable(file: string, cause: unknown): OperatorError {
  return new OperatorError(
    `${file} does not hold {"accounts":[{"address":"…","password":"…"}]}`,
    'mend it, or remove it: new passwords are made then',
    { cause },
  )
}
