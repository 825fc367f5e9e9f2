import { randomInt } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'

import { OperatorError } from '@cartero/agent/lifecycle'

import { writeDurably } from './durable-file.ts'

export interface Credential {
  readonly address: string
  readonly password: string
}

/** By which a customer comes for the mail of his domain. */
export interface CustomerCredential extends Credential {
  readonly domain: string
}

/** All that the file says. */
export interface CredentialsFile {
  readonly accounts: readonly Credential[]
  readonly odmr: readonly CustomerCredential[]
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

/** The credentials of a development system; none of what the file does not speak of. Throws OperatorError when it is no such file. */
export function readCredentials(file: string): CredentialsFile {
  if (!existsSync(file)) return { accounts: [], odmr: [] }
  try {
    const { accounts, odmr = [] } = JSON.parse(readFileSync(file, 'utf8')) as Partial<CredentialsFile>
    if (accounts?.every(isCredential) && odmr.every((each) => isCredential(each) && isText(each.domain)))
      return { accounts, odmr }
  } catch (error) {
    throw unreadable(file, error)
  }
  throw unreadable(file, undefined)
}

function isCredential({ address, password }: Credential): boolean {
  return isText(address) && isText(password)
}

function isText(value: unknown): boolean {
  return typeof value === 'string'
}

/** At once: a reader sees the old file or the new one. */
export function writeCredentials(file: string, credentials: CredentialsFile): void {
  writeDurably(file, `${JSON.stringify(credentials, undefined, 2)}\n`, { mode: 0o600 })
}

function unreadable(file: string, cause: unknown): OperatorError {
  return new OperatorError(
    `${file} does not hold {"accounts":[{"address":"…","password":"…"}],"odmr":[{"domain":"…","address":"…","password":"…"}]}`,
    'mend it, or remove it: new passwords are made then',
    { cause },
  )
}
