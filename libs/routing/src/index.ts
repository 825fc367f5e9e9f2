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
export {
  RouteError,
  type Concealed,
  type Route,
  type RouteHost,
  type RouteRule,
  type TlsFloor,
} from './route.ts'
export { RouteTable, type Direction } from './route-table.ts'
