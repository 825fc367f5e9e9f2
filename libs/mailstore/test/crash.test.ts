import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { openSqliteMailStore } from '@cartero/mailstore/sqlite'
import { SqlWorker } from '@cartero/sql'

import { appendUntilKilled, type Acknowledged } from './killed-appender.ts'
import { numbered } from './numbered.ts'

/** How often the appender is killed, after how many acknowledgements. */
const kills = [1, 40, 200, 7, 333, 91]
/** Letters before the last acknowledged one that are sent again: more than are under way at a time. */
const repeated = 30

describe('a mailstore that is killed again and again while it appends', { timeout: 60_000 }, () => {
  const worker = new SqlWorker()
  const acknowledged: Acknowledged[] = []
  let directory: string
  let store: Awaited<ReturnType<typeof openSqliteMailStore>>
  let inbox: number

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'mailstore-crash-'))
    const file = join(directory, 'mail.db')
    for (const count of kills) {
      const last = Math.max(0, ...acknowledged.map(({ number }) => number))
      acknowledged.push(...(await appendUntilKilled(count, [file, String(Math.max(0, last - repeated))])))
    }
    store = await openSqliteMailStore({ worker, file })
    inbox = (await store.mailbox('ann', 'INBOX'))?.id ?? 0
  })

  after(async () => {
    await worker.close()
    await rm(directory, { recursive: true })
  })

  const contentByUid = async () => {
    const { rows } = await store.open(inbox)
    const messages = await store.fetch(
      inbox,
      rows.map(({ uid }) => uid),
    )
    return new Map(messages.map(({ uid, content }) => [uid, content]))
  }

  test('what was acknowledged is there once', async () => {
    const contents = [...(await contentByUid()).values()]
    assert.equal(new Set(contents).size, contents.length)
    const kept = new Set<string>(contents)
    assert.deepEqual(
      acknowledged.filter(({ number }) => !kept.has(`letter-${number}`)),
      [],
    )
  })

  test('what was acknowledged has the uid that was told', async () => {
    const contents = await contentByUid()
    const told = acknowledged.filter(({ kind }) => kind === 'appended')
    assert.ok(told.length > 0)
    for (const { number, uid } of told) assert.equal(contents.get(uid), `letter-${number}`)
  })

  test('what was appended before a kill and is sent again is a duplicate', async () => {
    assert.ok(acknowledged.some(({ kind }) => kind === 'duplicate'))
    const numbers = [...new Set(acknowledged.map(({ number }) => number))]
    const outcomes = await store.append(numbers.map(numbered))
    assert.deepEqual(new Set(outcomes.map(({ kind }) => kind)), new Set(['duplicate']))
  })

  test('uids ascend strictly over all kills, and the next is above them', async () => {
    const { mailbox, rows } = await store.open(inbox)
    for (const [at, { uid }] of rows.entries()) assert.ok(uid > (rows[at - 1]?.uid ?? 0))
    assert.ok(mailbox.uidNext > (rows.at(-1)?.uid ?? 0))
  })

  test('the tables agree with each other', async () => {
    assert.deepEqual(await store.check(), [])
  })
})
