import { after } from 'node:test'

import { NatsBus } from '@cartero/bus/nats'
import { NATS_LACKS, NatsServers } from '@cartero/testkit'

import { describeContentStore, describeObjectStore } from '../compliance/index.ts'
import { openPackedContent } from '../packs/index.ts'
import { openNatsObjects } from './index.ts'

const broker = NATS_LACKS === false ? await NatsServers.start() : undefined
const bus = broker && (await NatsBus.open({ servers: broker.servers, name: 'content test' }))
after(async () => {
  await bus?.close()
  await broker?.[Symbol.asyncDispose]()
})

let buckets = 0
const open = () => openNatsObjects({ bus: bus!, bucket: `OBJECTS_${buckets++}`, replicas: 1 })

describeObjectStore('NATS', { open, skip: NATS_LACKS })
if (NATS_LACKS === false) {
  describeContentStore('packs in NATS', async () =>
    openPackedContent({ objects: await open(), limits: { young: -1 } }),
  )
}
