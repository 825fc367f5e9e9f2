import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { MemoryContentLog } from '@cartero/content/memory'
import { SqlWorker } from '@cartero/sql'
import type { Archive } from '@cartero/sql/archive'

import { archivedOf, MESSAGES } from '../archive.ts'
import { openEmbeddedSpoolArchive } from './archive.ts'
import { EmbeddedSpool } from './embedded-spool.ts'

let folder: string
let sql: SqlWorker
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'cartero-spool-archive-'))
  sql = new SqlWorker()
})
after(async () => {
  await sql.close()
  rmSync(folder, { recursive: true, force: true })
})

async function accept(spool: EmbeddedSpool, recipient: string): Promise<string> {
  const draft = spool.begin({
    reversePath: 'ann@home.test',
    recipients: [{ address: recipient }],
    client: { address: '192.0.2.1', helo: 'client.test', protocol: 'ESMTP' },
  })
  await draft.write(Buffer.from('Subject: x\r\n\r\n'))
  return await draft.commit(Buffer.from('Received: by test\r\n'))
}

const statesIn = async (archive: Archive): Promise<readonly (readonly unknown[])[]> =>
  (await archive.read(MESSAGES, 10)).rows
    .map(archivedOf)
    .map(({ queueId, deliveries }) => [
      queueId,
      ...deliveries.map(({ number, state }) => `${number} ${state}`),
    ])

test('what a process that was killed had accepted, and not written to its rows, is carried', async () => {
  const log = new MemoryContentLog()
  const spool = await EmbeddedSpool.open({ log, sql, file: join(folder, 'killed.sqlite') })
  const queueId = await accept(spool, 'bob@home.test')
  // No checkpoint has come: its rows are those of an empty spool.
  const archive = await openEmbeddedSpoolArchive({ log, sql, file: join(folder, 'rows-of-killed.sqlite') })
  assert.deepEqual(await statesIn(archive), [[queueId, '0 ready']])
  await archive.close()
  await spool.close()
})

test('what was carried is there once, however often it is written, and goes on its way', async () => {
  const log = new MemoryContentLog()
  const source = await EmbeddedSpool.open({ log, sql, file: join(folder, 'source.sqlite') })
  const queueId = await accept(source, 'bob@elsewhere.test')
  await source.close()
  const from = await openEmbeddedSpoolArchive({ log, sql, file: join(folder, 'source.sqlite') })
  const { rows } = await from.read(MESSAGES, 10)
  await from.close()
  const file = join(folder, 'target.sqlite')
  const archive = await openEmbeddedSpoolArchive({ log, sql, file })
  for (let times = 0; times < 2; times++) await archive.write(MESSAGES, rows)
  await archive.seal()
  assert.deepEqual(await statesIn(archive), [[queueId, '0 ready']])
  assert.deepEqual(await archive.contents?.(10, ''), [rows[0]?.[3]])
  await archive.close()
  const target = await EmbeddedSpool.open({ log, sql, file })
  assert.equal(target.waiting, 1)
  for await (const [message] of target.arrivals(1, AbortSignal.timeout(10_000))) {
    assert.equal(message?.queueId, queueId)
    assert.equal(message.prefix.toString(), 'Received: by test\r\n')
    break
  }
  await target.close()
})
