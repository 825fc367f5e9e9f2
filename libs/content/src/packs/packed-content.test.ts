import { describeContentStore } from '../compliance/index.ts'
import { MemoryObjects } from '../objects/index.ts'
import { openPackedContent } from './index.ts'

const KiB = 1024
const objects = () => new MemoryObjects()

describeContentStore('packs', () => openPackedContent({ objects: objects() }))
describeContentStore('small packs that are never young', () =>
  openPackedContent({
    objects: objects(),
    limits: { packOctets: 200 * KiB, partOctets: 100 * KiB, young: -1, cacheOctets: 0 },
  }),
)
describeContentStore('packs of a process that has no memory to spare', () =>
  openPackedContent({ objects: objects(), limits: { heldOctets: 0, smallestPart: 1 * KiB, young: -1 } }),
)
