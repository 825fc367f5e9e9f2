import assert from 'node:assert/strict'
import type { Account, Alias, Domain } from '@cartero/contracts/directory'
import type { Directory } from '../directory.ts'
import { DirectoryError, type DirectoryFault } from '../directory-error.ts'

// Short ways to say what the tests say often.

export function domain(name: string, rest: Partial<Domain> = {}): { domain: Domain } {
  return { domain: { name, catchAll: '', postmaster: '', ...rest } }
}

export function account(address: string, rest: Partial<Account> = {}): { account: Account } {
  return { account: { address, disabled: false, quota: 0n, ...rest } }
}

export function alias(address: string, ...targets: string[]): { alias: Alias } {
  return { alias: { address, targets } }
}

export async function addAccount(directory: Directory, address: string, password = 'secret'): Promise<void> {
  await directory.AddAccount({ ...account(address), password })
}

/** The promise is to reject with this fault, in words that match. */
export async function refuses(
  fault: DirectoryFault,
  words: RegExp,
  promise: Promise<unknown>,
): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof DirectoryError, String(error))
    assert.equal(error.fault, fault)
    assert.match(error.message, words)
    return true
  })
}

/** Who gets the mail, or the number of the verdict. */
export async function readers(directory: Directory, address: string): Promise<readonly string[] | number> {
  const { resolutions } = await directory.Resolve({ addresses: [address] })
  const { verdict, targets } = resolutions[0]!
  return targets.length > 0 ? targets.map((target) => target.account) : verdict
}

/** The account that login and password lead to, or ''. */
export async function login(directory: Directory, name: string, password: string): Promise<string> {
  return (await directory.Authenticate({ login: name, password })).account
}
