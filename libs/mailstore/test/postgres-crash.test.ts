import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { POSTGRES_LACKS } from '@cartero/testkit'

import { appendUntilKilled, type Acknowledged } from './killed-appender.ts'
import { numbered } from './numbered.ts'
import { inboxOf, range, sharedPostgres } from './shared-postgres.ts'

/** After how many acknowledgements each of the processes is killed. */
const kills = [1, 60, 150]
/** Letters before the last acknowledged one that are sent again: more than are under way at a time. */
const repeated = 30

describe('processes that are killed while they append to Postgres', { skip: POSTGRES_LACKS }, () => {
  const place = sharedPostgres()

  test('leave no lock and nothing half done, and lose nothing', { timeout: 60_000 }, async () => {
    const store = await place.process()
    await store.provision('ann')
    const acknowledged: Acknowledged[] = []
    for (const count of kills) {
      const last = Math.max(0, ...acknowledged.map(({ number }) => number))
      const from = String(Math.max(0, last - repeated))
      // Two of them, with the same letters.
      const args = [place.server.url, from, place.schema]
      const both = await Promise.all([appendUntilKilled(count, args), appendUntilKilled(count, args)])
      acknowledged.push(...both.flat())
    }
    const { rows } = await store.open((await inboxOf(store)).id)
    const uids = rows.map(({ uid }) => uid)
    assert.deepEqual(uids, range(1, uids.length + 1))
    const messages = await store.fetch((await inboxOf(store)).id, uids)
    assert.equal(new Set(messages.map(({ content }) => content)).size, messages.length)
    const contents = new Map(messages.map(({ uid, content }) => [uid, String(content)]))
    for (const { number, kind, uid } of acknowledged)
      if (kind === 'appended') assert.equal(contents.get(uid), `letter-${number}`)
    const numbers = [...new Set(acknowledged.map(({ number }) => number))]
    const again = await store.append(numbers.map(numbered))
    assert.deepEqual(new Set(again.map(({ kind }) => kind)), new Set(['duplicate']))
  })
})
