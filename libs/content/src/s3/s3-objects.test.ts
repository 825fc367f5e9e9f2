import { after } from 'node:test'

import { S3_LACKS, S3Server } from '@cartero/testkit'

import { describeContentStore, describeObjectStore } from '../compliance/index.ts'
import { openPackedContent } from '../packs/index.ts'
import { openS3Objects } from './index.ts'

const server = S3_LACKS === false ? await S3Server.start() : undefined
after(() => server?.[Symbol.asyncDispose]())

let buckets = 0
const open = () => openS3Objects({ ...server!.place, bucket: `test${buckets++}`, makeBucket: true })

describeObjectStore('S3', { open: async () => open(), skip: S3_LACKS })
if (S3_LACKS === false) {
  describeContentStore('packs in S3', () => openPackedContent({ objects: open(), limits: { young: -1 } }))
}
