import { type AddressKind, addressKind } from './address-kind.ts'

/** By what we know ourselves among the hosts of a destination: mail that we would send to ourselves goes in a circle. */
export interface OwnDoors {
  /** Our names. */
  readonly hostnames: readonly string[]
  /** Whether an address is one of this machine's; in its normal form (RFC 5952 §4). */
  readonly hasAddress: (address: string) => boolean
  /** Where we take mail from other hosts, on any of these addresses. */
  readonly ports: readonly number[]
  /** Loopback addresses that our doors are at, when they are at no others: then those ports are somebody else's at the rest of loopback. */
  readonly loopback?: readonly string[]
  /** Loopback is a network like any other, but for our own doors: for tests on one machine. */
  readonly allowsLoopback?: boolean
}

export type Standing = 'ours' | Exclude<AddressKind, 'loopback'>

export function isOwnName({ hostnames }: OwnDoors, name: string): boolean {
  return hostnames.some((hostname) => hostname.toLowerCase() === name)
}

/** Whose address this is, at that port. */
export function standingOf(doors: OwnDoors, address: string, port: number): Standing {
  const kind = addressKind(address)
  const isDoor = doors.ports.includes(port)
  if (kind === 'loopback') {
    const isOurs = isDoor && doors.loopback?.includes(address) !== false
    return isOurs || doors.allowsLoopback !== true ? 'ours' : 'ordinary'
  }
  if (kind === 'nowhere') return kind
  return isDoor && doors.hasAddress(address) ? 'ours' : 'ordinary'
}
