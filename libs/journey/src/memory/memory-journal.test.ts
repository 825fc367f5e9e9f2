import { describeJournal } from '../compliance/index.ts'
import { MemoryJournal } from './index.ts'

describeJournal('memory', async () => new MemoryJournal())
