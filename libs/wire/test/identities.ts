import { readFileSync } from 'node:fs'
import type { Identity } from '@cartero/wire/node'

function pem(file: string): string {
  return readFileSync(new URL(`./fixtures/${file}`, import.meta.url), 'utf8')
}

/** One of the pairs that `fixtures/make.sh` makes. */
export function identity(name: string): Identity {
  return { certificate: pem(`${name}.pem`), key: pem(`${name}.key`) }
}

export function certificate(name: string): string {
  return pem(`${name}.pem`)
}

/** Vouches for all of them but `unknown`. */
export const AUTHORITY = pem('authority.pem')
