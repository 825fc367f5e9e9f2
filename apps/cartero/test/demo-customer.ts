import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CarteroProcess, Credentials } from '@cartero/testkit'

/** The customer of a development system, as its credentials file has him. */
export function customerOf({
  data,
}: Pick<CarteroProcess, 'data'>): Credentials & { readonly domain: string } {
  const { odmr } = JSON.parse(readFileSync(join(data, 'credentials.json'), 'utf8')) as {
    odmr: (Credentials & { domain: string })[]
  }
  if (odmr[0] === undefined) throw new Error('credentials.json has no customer')
  return odmr[0]
}
