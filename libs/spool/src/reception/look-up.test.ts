import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Resolution_Verdict as Verdict } from '@cartero/contracts/directory'
import { replies } from '@cartero/smtp/server'
import { expandName, MOST_DOMAINS, verifyName, type LookUpDirectory } from './look-up.ts'

/** A directory of so many domains, in the last of which there is a bob. */
function directoryOf(count: number): LookUpDirectory & { readonly asked: string[] } {
  const asked: string[] = []
  const domains = Array.from({ length: count }, (_, i) => ({
    name: `d${i}.test`,
    catchAll: '',
    postmaster: '',
  }))
  const bob = `bob@d${count - 1}.test`
  const resolutionOf = (address: string) =>
    address === bob
      ? { verdict: Verdict.ACCEPT, targets: [{ account: bob, detail: '' }], forwards: [], collected: [] }
      : { verdict: Verdict.NO_SUCH_USER, targets: [], forwards: [], collected: [] }
  return {
    asked,
    ListDomains: async () => ({ domains }),
    Resolve: async ({ addresses }) => {
      asked.push(...addresses)
      return { resolutions: addresses.map(resolutionOf) }
    },
  }
}

test('a name without a domain is looked for in all domains, and in none where that would be a crawl', async () => {
  const few = directoryOf(MOST_DOMAINS)
  assert.deepEqual(await verifyName(few, 'Bob'), replies.verified(`<bob@d${MOST_DOMAINS - 1}.test>`))
  const many = directoryOf(MOST_DOMAINS + 1)
  assert.equal(await verifyName(many, 'bob'), replies.cannotVerify)
  assert.deepEqual(many.asked, [])
})

test('a user is not expanded as if he were a list of himself', async () => {
  assert.equal(await expandName(directoryOf(1), 'bob'), replies.notAList)
})

test('a name without a domain is nobody at a customer, who would have anybody', async () => {
  const customer = { name: 'home.test', catchAll: '', postmaster: '' }
  const collection = { account: 'fetch@home.test', quota: 0n, keepSeconds: 0n, contact: '' }
  const directory = directoryOf(2)
  const { domains } = await directory.ListDomains({})
  const withCustomer = {
    ...directory,
    ListDomains: async () => ({ domains: [...domains, { ...customer, collection }] }),
  }
  assert.deepEqual(await verifyName(withCustomer, 'bob'), replies.verified('<bob@d1.test>'))
  assert.equal(await verifyName(withCustomer, 'tim'), replies.noSuchMailbox)
  assert.deepEqual(
    directory.asked.filter((address) => address.endsWith('@home.test')),
    [],
  )
})
