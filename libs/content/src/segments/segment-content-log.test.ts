import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'

import { describeContentLog, describeContentStore } from '../compliance/index.ts'
import { SegmentContentLog } from './index.ts'

const root = await mkdtemp(join(tmpdir(), 'cartero-content-'))
after(() => rm(root, { recursive: true, force: true }))

let stores = 0
const small = async () =>
  await SegmentContentLog.open({ directory: join(root, `${stores++}`), segmentOctets: 256 * 1024 })
const large = async () => await SegmentContentLog.open({ directory: join(root, `${stores++}`) })

describeContentStore('segments', large)
describeContentStore('small segments', small)
describeContentLog('small segments', small)
