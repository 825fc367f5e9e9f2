/**
 * Bytes on a connection, whatever the protocol: scanners, lines, protocol machines and what drives them.
 * @packageDocumentation
 */
export { ManualClock, pause, systemClock, type Clock } from './clock.ts'
export type { Bytes, ConnectionFacts, ProxyFacts, TlsFacts, TlsPeer } from './facts.ts'
export { formatIpv6, normalAddress, parseIpv4, parseIpv6 } from './ip-address.ts'
export { LineReader, type Line } from './lines.ts'
export type { MaybePromise, Output, Patience, ProtocolMachine, Role } from './machine.ts'
export { NetworkSet, parseNetwork, type Network } from './network.ts'
export { peerNetwork } from './peer-network.ts'
export {
  PROXY_HEADER_LIMIT,
  ProxyFault,
  type ProxyEndpoint,
  type ProxyHeader,
  type ProxyTls,
} from './proxy/header.ts'
export { readProxyHeader } from './proxy/reader.ts'
export { octetClass, Scanner, SyntaxFault, type OctetClass } from './scanner.ts'
export { untilAborted } from './until-aborted.ts'
