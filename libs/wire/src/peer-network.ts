import { formatIpv6, normalAddress, parseIpv6 } from './ip-address.ts'

/**
 * What of an address stands for one peer: all of IPv4, and of IPv6 the first 64 bits, because whoever has one address
 * there has 2^64 of them. What is no address is itself.
 */
// RFC 4291 §2.5.1
export function peerNetwork(address: string): string {
  if (!address.includes(':')) return address
  const normal = normalAddress(address.replace(/%.*$/, '')) ?? address
  const groups = normal.includes(':') ? parseIpv6(normal) : undefined
  return groups === undefined ? normal : `${formatIpv6([...groups.slice(0, 4), 0, 0, 0, 0])}/64`
}
