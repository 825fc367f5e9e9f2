import { argon2, type Argon2Parameters, randomBytes } from 'node:crypto'
import { deriveScramKeys, sameOctets, saslprep, type ScramHash } from '@cartero/sasl'
import { DirectoryError } from './directory-error.ts'
import type { CredentialRecord, ScramRecord } from './records.ts'

/** Memory of one hash: 19 MiB, the smallest that OWASP recommends, so that two at a time are affordable anywhere. */
export const ARGON2_KIB = 19_456
/** With that memory two passes; together about 45 ms. */
export const ARGON2_PASSES = 2
/** The pool's threads are for other hashes. */
export const ARGON2_LANES = 1
const SALT_OCTETS = 16
const TAG_OCTETS = 32

/** A stored hash asks for no more than this, whoever wrote it: 256 MiB and 16 passes. */
const MAX_ARGON2_KIB = 262_144
const MAX_ARGON2_PASSES = 16

/**
 * Iterations of the SCRAM keys. The client pays them at each login, on a telephone too; RFC 7677 §4 asks for 4096.
 * Who steals the database can guess passwords by these keys faster than by argon2id: long passwords are what helps.
 */
export const SCRAM_ITERATIONS = 10_000

/** Octets of a password: enough for any sentence, and no way to keep the hash busy. */
export const MAX_PASSWORD_OCTETS = 1024

/** Prepares a new password. Throws DirectoryError when it cannot be one. */
export function expectPassword(password: string): string {
  if (Buffer.byteLength(password) > MAX_PASSWORD_OCTETS) {
    throw new DirectoryError('invalid', `the password is longer than ${MAX_PASSWORD_OCTETS} octets`)
  }
  const prepared = saslprep(password, 'stored')
  if (prepared === undefined) {
    throw new DirectoryError(
      'invalid',
      'the password has characters that not every keyboard can type again, such as control characters (RFC 4013)',
    )
  }
  if (prepared === '') throw new DirectoryError('invalid', 'the password is empty')
  return prepared
}

/** Everything that is kept of a prepared password. */
export async function credentialOf(password: string): Promise<CredentialRecord> {
  return {
    hash: await hashPassword(password),
    sha256: await newScramKeys(password, 'SHA-256'),
    sha1: await newScramKeys(password, 'SHA-1'),
  }
}

/** Fresh keys of a prepared password. */
export function newScramKeys(password: string, hash: ScramHash): Promise<ScramRecord> {
  return deriveScramKeys(password, randomBytes(SALT_OCTETS), SCRAM_ITERATIONS, hash)
}

/** argon2id as a PHC string. RFC 9106 */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_OCTETS)
  const parameters = { memory: ARGON2_KIB, passes: ARGON2_PASSES, parallelism: ARGON2_LANES }
  const tag = await derive({ ...parameters, message: password, nonce: salt, tagLength: TAG_OCTETS })
  return formatPhc(salt, tag)
}

/** Whether the password has this hash; false for a hash that cannot be read. */
export async function verifyPassword(hash: string, password: string): Promise<boolean> {
  const parsed = parsePhc(hash)
  if (parsed === undefined) return false
  const { tag, ...parameters } = parsed
  return sameOctets(await derive({ ...parameters, message: password, tagLength: tag.length }), tag)
}

/** A hash that no password has. Verifying by it takes as long as by a real one. */
export const UNKNOWN_HASH: string = formatPhc(randomBytes(SALT_OCTETS), randomBytes(TAG_OCTETS))

function formatPhc(salt: Buffer, tag: Buffer): string {
  return `$argon2id$v=19$m=${ARGON2_KIB},t=${ARGON2_PASSES},p=${ARGON2_LANES}$${unpadded(salt)}$${unpadded(tag)}`
}

const PHC =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/

function parsePhc(
  hash: string,
): { memory: number; passes: number; parallelism: number; nonce: Buffer; tag: Buffer } | undefined {
  const [, memory, passes, parallelism, salt, tag] = PHC.exec(hash) ?? []
  if (salt === undefined || tag === undefined) return undefined
  if (Number(memory) > MAX_ARGON2_KIB || Number(passes) > MAX_ARGON2_PASSES) return undefined
  return {
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    nonce: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  }
}

function derive(parameters: Argon2Parameters): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    argon2('argon2id', parameters, (error, tag) => (error === null ? resolve(tag) : reject(error)))
  })
}

function unpadded(octets: Buffer): string {
  return octets.toString('base64').replace(/=+$/, '')
}
