import { createHash, createHmac, pbkdf2, pbkdf2Sync, timingSafeEqual } from 'node:crypto'

/** Octets of every SCRAM-SHA-256 key, proof and signature. */
export const SCRAM_KEY_LENGTH = 32

/** What the server keeps of a password for SCRAM-SHA-256: enough to check a client, not enough to be one. RFC 5802 §3 */
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
): Promise<ScramKeys> {
  const salted = await new Promise<Buffer>((resolve, reject) => {
    pbkdf2(password, salt, iterations, SCRAM_KEY_LENGTH, 'sha256', (error, key) =>
      error === null ? resolve(key) : reject(error),
    )
  })
  return {
    salt,
    iterations,
    storedKey: sha256(hmac(salted, 'Client Key')),
    serverKey: hmac(salted, 'Server Key'),
  }
}

/** The client's proof, and the signature that it must then hear from the server. RFC 5802 §3 */
export function clientProof(
  password: string,
  salt: Buffer,
  iterations: number,
  authMessage: string,
): { proof: Buffer; serverSignature: Buffer } {
  const salted = pbkdf2Sync(password, salt, iterations, SCRAM_KEY_LENGTH, 'sha256')
  const clientKey = hmac(salted, 'Client Key')
  const proof = xor(clientKey, hmac(sha256(clientKey), authMessage))
  return { proof, serverSignature: hmac(hmac(salted, 'Server Key'), authMessage) }
}

/** Whether the proof comes from one who knows the password. RFC 5802 §3 */
export function proves(keys: ScramKeys, proof: Buffer, authMessage: string): boolean {
  if (proof.length !== SCRAM_KEY_LENGTH) return false
  const clientKey = xor(proof, hmac(keys.storedKey, authMessage))
  return sameOctets(sha256(clientKey), keys.storedKey)
}

export function serverSignature(keys: ScramKeys, authMessage: string): Buffer {
  return hmac(keys.serverKey, authMessage)
}

/** Compares without telling by its time where the difference is. */
export function sameOctets(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other)
}

function hmac(key: Buffer, message: string): Buffer {
  return createHmac('sha256', key).update(message).digest()
}

function sha256(octets: Buffer): Buffer {
  return createHash('sha256').update(octets).digest()
}

function xor(one: Buffer, other: Buffer): Buffer {
  return Buffer.from(one.map((octet, index) => octet ^ other[index]!))
}
