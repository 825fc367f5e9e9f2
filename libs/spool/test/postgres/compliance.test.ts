import { after } from 'node:test'

import { LocalNews } from '@cartero/bus/memory'
import { POSTGRES_LACKS, PostgresServer } from '@cartero/testkit'
import type { ManualClock } from '@cartero/wire'

import { describeDurableSpool, describeSpool } from '@cartero/spool/compliance'
import { openPostgresSpool } from '@cartero/spool/postgres'
import { TestStores } from './stores.ts'

if (POSTGRES_LACKS) console.log(`# skipped: ${POSTGRES_LACKS}`)
else {
  const server = await PostgresServer.start()
  after(() => server[Symbol.asyncDispose]())

  const stores = new TestStores(server)

  describeSpool('postgres', async (clock) => {
    const { content, database } = await stores.open()
    const news = new LocalNews()
    return { content, spool: await openPostgresSpool({ database, content, news, clock, owner: 'mta' }) }
  })

  describeDurableSpool('postgres', async () => {
    const { content, database } = await stores.open()
    const open = async (clock: ManualClock) => ({
      content,
      spool: await openPostgresSpool({ database, content, news: new LocalNews(), clock, owner: 'mta' }),
    })
    return { open, remove: () => content.close() }
  })
}
