import { randomBytes } from 'node:crypto'

/** Random octets of our part of a nonce: 144 bits. */
const NONCE_OCTETS = 18

export function randomNonce(): string {
  return randomBytes(NONCE_OCTETS).toString('base64')
}
