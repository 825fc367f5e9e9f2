import { MemoryContentLog } from '@cartero/content/memory'

import { describeSpool } from '../compliance/index.ts'
import { MemorySpool } from './index.ts'

describeSpool('memory', async (clock) => {
  const content = new MemoryContentLog()
  return { content, spool: new MemorySpool({ content, clock }) }
})
