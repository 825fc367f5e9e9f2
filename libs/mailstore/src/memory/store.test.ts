import { describeMailStore } from '../compliance/index.ts'
import { createMemoryMailStore } from './index.ts'

describeMailStore('in memory', async (options) => ({ store: createMemoryMailStore(options) }))
