import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { SqlWorker } from '@cartero/sql'
import { MemoryStsCache, openSqliteStsCache, type StoredStsPolicy, type StsCache } from './index.ts'

const worker = new SqlWorker()
const folder = mkdtempSync(join(tmpdir(), 'cartero-sts-'))
after(async () => {
  await worker.close()
  rmSync(folder, { recursive: true })
})

let files = 0
const newFile = (): string => join(folder, `${files++}.db`)

const policy = (domain: string, more: Partial<StoredStsPolicy> = {}): StoredStsPolicy => ({
  domain,
  id: '1',
  text: 'version: STSv1',
  fetchedAt: 1000,
  expiresAt: 2000,
  ...more,
})

for (const [where, open] of [
  ['in memory', (limit?: number): Promise<StsCache> => Promise.resolve(new MemoryStsCache(limit))],
  [
    'in SQLite',
    (limit?: number): Promise<StsCache> =>
      openSqliteStsCache({ worker, file: newFile(), ...(limit !== undefined && { limit }) }),
  ],
] as const) {
  describe(`policies ${where}`, () => {
    test('are found by their domain until they expire', async () => {
      const cache = await open()
      await cache.put(policy('a.example'))
      assert.deepEqual(await cache.get('a.example', 1999), policy('a.example'))
      assert.equal(await cache.get('b.example', 1999), undefined)
      assert.equal(await cache.get('a.example', 2000), undefined)
    })

    test('are replaced', async () => {
      const cache = await open()
      await cache.put(policy('a.example'))
      const next = policy('a.example', { id: '2', expiresAt: 5000 })
      await cache.put(next)
      assert.deepEqual(await cache.get('a.example', 3000), next)
    })

    test('are no more than the limit: those that expire first go', async () => {
      const cache = await open(2)
      await cache.put(policy('late.example', { expiresAt: 9000 }))
      await cache.put(policy('early.example', { expiresAt: 3000 }))
      await cache.put(policy('new.example', { expiresAt: 5000 }))
      const left = await Promise.all(
        ['late.example', 'early.example', 'new.example'].map((domain) => cache.get(domain, 2000)),
      )
      assert.deepEqual(
        left.map((one) => one?.domain),
        ['late.example', undefined, 'new.example'],
      )
    })
  })
}

test('policies in a file are there after a restart', async () => {
  const file = newFile()
  const first = await openSqliteStsCache({ worker, file })
  await first.put(policy('a.example'))
  await first.close()
  const second = await openSqliteStsCache({ worker, file })
  assert.deepEqual(await second.get('a.example', 1500), policy('a.example'))
  await second.close()
})
