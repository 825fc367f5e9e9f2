/**
 * The DNS as mail needs it: answers that say whether they were validated.
 * @packageDocumentation
 */
export {
  DnsError,
  type DnsAnswer,
  type MxRecord,
  type RecordsByType,
  type RecordType,
  type Resolver,
  type TlsaRecord,
} from './ports.ts'
