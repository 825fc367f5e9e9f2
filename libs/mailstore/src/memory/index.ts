import { MemoryMailStore, type MemoryMailStoreOptions } from './store.ts'

export { MemoryMailStore, type MemoryMailStoreOptions }

/** Every store of its own; nothing is shared and nothing survives. */
export function createMemoryMailStore(options?: MemoryMailStoreOptions): MemoryMailStore {
  return new MemoryMailStore(options)
}
