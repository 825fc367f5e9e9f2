import { mappedIpv4, parseIpv4, parseIpv6 } from './ip-address.ts'

/** Addresses that share their first bits. An IPv4-mapped address (`::ffff:192.0.2.1`) is IPv4 everywhere here. */
export interface Network {
  readonly family: 4 | 6
  /** How many bits they share: 0 to 32, or 0 to 128. */
  readonly prefix: number
  /** The bits they share, as a number. */
  readonly shared: bigint
}

interface Address {
  readonly family: 4 | 6
  readonly value: bigint
}

const BITS = { 4: 32, 6: 128 } as const

/**
 * Reads `192.0.2.0/24`, `2001:db8::/32`, or one address alone. Undefined for anything else, also when bits behind the
 * prefix are set: `192.0.2.1/24` may mean the host or the network, and a list of whom we trust must not be guessed at.
 */
// RFC 4632 §3.1, RFC 4291 §2.3
export function parseNetwork(text: string): Network | undefined {
  const slash = text.indexOf('/')
  const address = parseAddress(slash === -1 ? text : text.slice(0, slash))
  if (address === undefined) return undefined
  const bits = BITS[address.family]
  // A mapped address is written with 128 bits, of which the first 96 only say that it is mapped.
  const mapped = address.family === 4 && text.includes(':') ? 96 : 0
  const prefix = slash === -1 ? bits : parsePrefix(text.slice(slash + 1), mapped, bits)
  if (prefix === undefined) return undefined
  const hostBits = BigInt(bits - prefix)
  const shared = address.value >> hostBits
  return shared << hostBits === address.value ? { family: address.family, prefix, shared } : undefined
}

/** Whether an address is in one of many networks: one look-up for each length of prefix that occurs, however many networks. */
export class NetworkSet {
  /** Indexed by the number of host bits, so that a look-up only shifts. */
  readonly #byHostBits = { 4: new Map<bigint, Set<bigint>>(), 6: new Map<bigint, Set<bigint>>() }

  constructor(networks: Iterable<Network> = []) {
    for (const { family, prefix, shared } of networks) {
      const hostBits = BigInt(BITS[family] - prefix)
      const known = this.#byHostBits[family].get(hostBits)
      if (known) known.add(shared)
      else this.#byHostBits[family].set(hostBits, new Set([shared]))
    }
  }

  /** False for what is no address, too. An IPv6 address may have a zone (`fe80::1%eth0`), which does not count. */
  has(address: string): boolean {
    if (this.#byHostBits[4].size === 0 && this.#byHostBits[6].size === 0) return false
    const zone = address.indexOf('%')
    const parsed = parseAddress(zone === -1 ? address : address.slice(0, zone))
    if (parsed === undefined) return false
    for (const [hostBits, shared] of this.#byHostBits[parsed.family])
      if (shared.has(parsed.value >> hostBits)) return true
    return false
  }
}

function parseAddress(text: string): Address | undefined {
  if (!text.includes(':')) return joined(4, 8n, parseIpv4(text))
  const groups = parseIpv6(text)
  const ipv4 = groups && mappedIpv4(groups)
  return ipv4 ? joined(4, 8n, ipv4) : joined(6, 16n, groups)
}

function joined(family: 4 | 6, width: bigint, parts: readonly number[] | undefined): Address | undefined {
  return parts && { family, value: parts.reduce((value, part) => (value << width) | BigInt(part), 0n) }
}

function parsePrefix(text: string, mapped: number, bits: number): number | undefined {
  if (!/^(?:0|[1-9]\d{0,2})$/.test(text)) return undefined
  const prefix = Number(text) - mapped
  return prefix >= 0 && prefix <= bits ? prefix : undefined
}
