import { describeContentLog, describeContentStore } from '../compliance/index.ts'
import { MemoryContentLog } from './index.ts'

describeContentStore('memory', async () => new MemoryContentLog())
describeContentLog('memory', async () => new MemoryContentLog())
