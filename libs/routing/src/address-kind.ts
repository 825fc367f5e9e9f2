import { NetworkSet, parseNetwork } from '@cartero/wire'

/** `nowhere`: no host of its own stands behind it, so that mail never goes there. */
export type AddressKind = 'loopback' | 'nowhere' | 'ordinary'

// 0/8 and :: are this machine, too: connecting to them reaches it. RFC 6890 §2.2.2, §2.2.3
const LOOPBACK = networks('127.0.0.0/8', '0.0.0.0/8', '::1', '::')
// Link-local ones want a zone that no record has; the others are groups, or not given out. RFC 6890 §2.2.2, §2.2.3
const NOWHERE = networks('169.254.0.0/16', '224.0.0.0/4', '240.0.0.0/4', 'fe80::/10', 'ff00::/8')

/** @param address in its normal form */
export function addressKind(address: string): AddressKind {
  if (LOOPBACK.has(address)) return 'loopback'
  return NOWHERE.has(address) ? 'nowhere' : 'ordinary'
}

/** Both families in turn, IPv6 first: where one of them does not work, the other one is tried soon. */
// RFC 8305 §4
export function interleaved(addresses: readonly string[]): readonly string[] {
  const sixes = addresses.filter((address) => familyOf(address) === 6)
  const fours = addresses.filter((address) => familyOf(address) === 4)
  const order: string[] = []
  for (let i = 0; i < Math.max(sixes.length, fours.length); i++) {
    if (sixes[i] !== undefined) order.push(sixes[i]!)
    if (fours[i] !== undefined) order.push(fours[i]!)
  }
  return order
}

export type AddressFamily = 4 | 6

export function familyOf(address: string): AddressFamily {
  return address.includes(':') ? 6 : 4
}

function networks(...texts: readonly string[]): NetworkSet {
  return new NetworkSet(texts.map((text) => parseNetwork(text)!))
}
