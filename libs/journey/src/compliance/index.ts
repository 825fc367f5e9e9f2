/** What every journal promises, as tests. Each adapter runs them. */
export { describeJournal } from './journal.ts'
