import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'

import { LocalNews } from '@cartero/bus/memory'
import { ContentStoreError, type ContentDraft, type ContentId } from '@cartero/content'
import { MemoryContentLog } from '@cartero/content/memory'
import { openPostgresSpool, SPOOL_SCHEMA } from '@cartero/spool/postgres'
import { migrate, Postgres } from '@cartero/sql/postgres'
import { POSTGRES_LACKS, PostgresServer } from '@cartero/testkit'

import { handedOver } from './door.ts'

/** Loses one content in three, and knows which are pinned. */
class FailingContent extends MemoryContentLog {
  readonly pinned = new Set<ContentId>()
  #drafts = 0

  override begin(): ContentDraft {
    const draft = super.begin()
    const fails = ++this.#drafts % 3 === 0
    const commit = draft.commit.bind(draft)
    draft.commit = async (label) => {
      if (fails) throw new ContentStoreError('io', 'the object store is away')
      const id = await commit(label)
      this.pinned.add(id)
      return id
    }
    return draft
  }

  override unpin(id: ContentId): void {
    this.pinned.delete(id)
    super.unpin(id)
  }
}

describe('taking in what is handed over', { skip: POSTGRES_LACKS }, () => {
  let server: PostgresServer
  before(async () => {
    server = await PostgresServer.start()
  })
  after(() => server[Symbol.asyncDispose]())

  it('leaves nothing pinned for ever when one of the contents cannot be written', async () => {
    const database = new Postgres({ url: server.url, schema: 'spool' })
    await migrate(database, SPOOL_SCHEMA)
    const content = new FailingContent()
    const spool = await openPostgresSpool({ database, content, news: new LocalNews(), owner: 'one' })
    const octets = Buffer.from('Subject: small\r\n\r\n')
    const batch = handedOver(5).map((handed) => ({
      ...handed,
      content: { kind: 'inline' as const, octets },
    }))
    await assert.rejects(spool.takeIn(batch), { name: 'SpoolError', fault: 'unavailable' })
    assert.deepEqual([content.pinned.size, spool.waiting], [0, 0])
    await spool.close()
    await database.close()
  })
})
