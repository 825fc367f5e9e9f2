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
  TlsFailure,
  TlsPolicies,
  TlsPolicy,
  TlsResult,
  TlsWish,
  Way,
} from './ports.ts'
export {
  RouteError,
  type Concealed,
  type Route,
  type RouteHost,
  type RouteRule,
  type TlsFloor,
} from './route.ts'
export { RouteTable, type Direction } from './route-table.ts'
export { type AddressFamily } from './address-kind.ts'
export { MailHostFinder, type MailHostFinderOptions } from './host-finder.ts'
export { MAX_ADDRESSES_PER_HOST } from './locate-host.ts'
export { MACHINE_ADDRESSES_MS, machineAddresses } from './machine-addresses.ts'
export { MAX_HOSTS, type Random } from './mail-exchangers.ts'
export { type OwnDoors } from './own-doors.ts'
