/**
 * Which hosts mail goes to, and what TLS must be like there.
 * @packageDocumentation
 */
export type {
  HostFinder,
  HostPolicy,
  HostsFound,
  MailHost,
  PolicyType,
  TlsDemand,
  TlsPolicies,
  TlsPolicy,
  TlsResult,
  TlsWish,
  Way,
} from './ports.ts'
