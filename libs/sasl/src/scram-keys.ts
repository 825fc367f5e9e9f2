import { createHash, createHmac, pbkdf2, pbkdf2Sync, timingSafeEqual } from 'node:crypto'

/** The hash of a SCRAM mechanism, as it stands in the mechanism's name. */
export type ScramHash = 'SHA-1' | 'SHA-256'

/** Name in OpenSSL, and octets of every key, proof and signature. RFC 5802 §4, RFC 7677 §2 */
const HASHES = {
  'SHA-1': { algorithm: 'sha1', octets: 20 },
  'SHA-256': { algorithm: 'sha256', octets: 32 },
} as const

/** What the server keeps of a password for SCRAM: enough to check a client, not enough to be one. RFC 5802 §3 */
export interface ScramKeys {
  readonly salt: Buffer
  readonly iterations: number
  readonly storedKey: Buffer
  readonly serverKey: Buffer
}

/** Derives the keys on the thread pool. The password is to be prepared already. RFC 5802 §3, RFC 7677 §2 */
export async function deriveScramKeys(
  password: string,
  salt: Buffer,
  iterations: number,
  hash: ScramHash = 'SHA-256',
): Promise<ScramKeys> {
  const { algorithm, octets } = HASHES[hash]
  const salted = await new Promise<Buffer>((resolve, reject) => {
    pbkdf2(password, salt, iterations, octets, algorithm, (error, key) =>
      error === null ? resolve(key) : reject(error),
    )
  })
  return {
    salt,
    iterations,
    storedKey: digest(hash, hmac(hash, salted, 'Client Key')),
    serverKey: hmac(hash, salted, 'Server Key'),
  }
}

/** The client's proof, and the signature that it must then hear from the server. RFC 5802 §3 */
export function clientProof(
  hash: ScramHash,
  password: string,
  salt: Buffer,
  iterations: number,
  authMessage: string,
): { proof: Buffer; serverSignature: Buffer } {
  const { algorithm, octets } = HASHES[hash]
  const salted = pbkdf2Sync(password, salt, iterations, octets, algorithm)
  const clientKey = hmac(hash, salted, 'Client Key')
  const proof = xor(clientKey, hmac(hash, digest(hash, clientKey), authMessage))
  return { proof, serverSignature: hmac(hash, hmac(hash, salted, 'Server Key'), authMessage) }
}

/** Whether the proof comes from one who knows the password. RFC 5802 §3 */
export function proves(hash: ScramHash, keys: ScramKeys, proof: Buffer, authMessage: string): boolean {
  if (proof.length !== HASHES[hash].octets) return false
  const clientKey = xor(proof, hmac(hash, keys.storedKey, authMessage))
  return sameOctets(digest(hash, clientKey), keys.storedKey)
}

export function serverSignature(hash: ScramHash, keys: ScramKeys, authMessage: string): Buffer {
  return hmac(hash, keys.serverKey, authMessage)
}

/** Octets of the keys of that hash. */
export function scramKeyLength(hash: ScramHash): number {
  return HASHES[hash].octets
}

/** Compares without telling by its time where the difference is. */
export function sameOctets(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other)
}

function hmac(hash: ScramHash, key: Buffer, message: string): Buffer {
  return createHmac(HASHES[hash].algorithm, key).update(message).digest()
}

function digest(hash: ScramHash, octets: Buffer): Buffer {
  return createHash(HASHES[hash].algorithm).update(octets).digest()
}

function xor(one: Buffer, other: Buffer): Buffer {
  return Buffer.from(one.map((octet, index) => octet ^ other[index]!))
}
