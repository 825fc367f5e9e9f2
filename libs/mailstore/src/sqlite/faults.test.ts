import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { SqlError, type SqlFault, type SqlStore } from '@cartero/sql'

import { defaultLimits } from '../limits.ts'
import { MailStoreError, type MailStoreFault } from '../ports.ts'
import { SqliteMailStore } from './store.ts'
import type { MailStoreProcedures } from './worker/procedures.ts'

function broken(error: Error): SqliteMailStore {
  const sql: SqlStore<MailStoreProcedures> = {
    call: async () => {
      throw error
    },
    available: true,
    close: async () => undefined,
  }
  return new SqliteMailStore(sql, Date, defaultLimits)
}

describe('faults of the database', () => {
  const faults: readonly (readonly [SqlFault, MailStoreFault])[] = [
    ['full', 'full'],
    ['busy', 'unavailable'],
    ['io', 'unavailable'],
  ]
  for (const [fault, told] of faults) {
    test(`a database that is at fault (${fault}) is not taken for a fault of the caller`, async () => {
      const cause = new SqlError(fault, 'private')
      await assert.rejects(broken(cause).append([]), (error) => {
        assert.ok(error instanceof MailStoreError)
        assert.deepEqual([error.fault, error.cause], [told, cause])
        assert.ok(!error.message.includes('private'))
        return true
      })
    })
  }

  test('a bug is not dressed up as a fault of the disk', async () => {
    const bug = new SqlError('bug', 'there is no procedure')
    await assert.rejects(broken(bug).mailboxes('ann'), (error) => error === bug)
  })
})
