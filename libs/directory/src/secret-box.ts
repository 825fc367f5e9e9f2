import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/** Octets of the key of a box: AES-256. */
export const SECRET_KEY_OCTETS = 32
const CIPHER = 'aes-256-gcm'
const NONCE_OCTETS = 12
const TAG_OCTETS = 16

/** Seals a secret for one account: nobody reads it without the key, nor as another account's. */
export function sealSecret(key: Uint8Array, account: string, secret: string): Buffer {
  const nonce = randomBytes(NONCE_OCTETS)
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_OCTETS })
  cipher.setAAD(Buffer.from(account))
  const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed])
}

/** The secret, or undefined when the key is another, the account is, or the octets were changed. */
export function openSecret(key: Uint8Array, account: string, sealed: Uint8Array): string | undefined {
  const octets = Buffer.from(sealed)
  if (octets.length < NONCE_OCTETS + TAG_OCTETS) return undefined
  const decipher = createDecipheriv(CIPHER, key, octets.subarray(0, NONCE_OCTETS), {
    authTagLength: TAG_OCTETS,
  })
  decipher.setAAD(Buffer.from(account))
  try {
    decipher.setAuthTag(octets.subarray(NONCE_OCTETS, NONCE_OCTETS + TAG_OCTETS))
    const secret = decipher.update(octets.subarray(NONCE_OCTETS + TAG_OCTETS))
    return Buffer.concat([secret, decipher.final()]).toString('utf8')
  } catch {
    return undefined
  }
}
