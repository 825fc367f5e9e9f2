/** What every content store promises, as tests. Each adapter runs them. */
export { describeContentLog } from './content-log.ts'
export { describeContentStore } from './content-store.ts'
export { describeObjectStore, type ObjectStoreSetup } from './object-store.ts'
