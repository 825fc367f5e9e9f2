import { describeObjectStore } from '../compliance/index.ts'
import { MemoryObjects } from './index.ts'

describeObjectStore('memory', { open: async () => new MemoryObjects() })
