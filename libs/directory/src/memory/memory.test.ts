import { describeDirectory } from '../compliance/index.ts'
import { openMemoryDirectory } from './index.ts'

describeDirectory('in memory', (options) => Promise.resolve(openMemoryDirectory(options)))
