import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DirectoryService } from '@cartero/contracts/directory'
import { homeDomain } from './home-domain.ts'

const collection = { account: 'fetch@away.test', quota: 0n, keepSeconds: 0n, contact: '' }
const none = { catchAll: '', postmaster: '' }

const directory: Pick<DirectoryService, 'ListDomains'> = {
  ListDomains: () =>
    Promise.resolve({
      domains: [
        { name: 'away.test', ...none, collection },
        { name: 'home.test', ...none },
        { name: 'mine.test', ...none },
      ],
    }),
}

test('what programs write without a domain never goes to a customer', async () => {
  const of = (hostname: string) => homeDomain(directory, { hostname, qualifyWith: undefined })
  assert.equal(await of('mail.mine.test'), 'mine.test')
  assert.equal(await of('mail.away.test'), 'home.test')
  assert.equal(await of('elsewhere.example'), 'home.test')
})
