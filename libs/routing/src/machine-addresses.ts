import { networkInterfaces } from 'node:os'
import { type Clock, normalAddress } from '@cartero/wire'

/** How long the addresses of this machine are taken for known: interfaces come and go, though seldom. */
export const MACHINE_ADDRESSES_MS = 30_000

/** Whether an address, in its normal form, is one of this machine's; for `OwnDoors.hasAddress`. */
export function machineAddresses(
  clock: Clock,
  interfaces: typeof networkInterfaces = networkInterfaces,
): (address: string) => boolean {
  let known = new Set<string>()
  let until = -Infinity
  return (address) => {
    const now = clock.now()
    if (now >= until) {
      known = new Set(addressesOf(interfaces()))
      until = now + MACHINE_ADDRESSES_MS
    }
    return known.has(address)
  }
}

function addressesOf(interfaces: ReturnType<typeof networkInterfaces>): readonly string[] {
  return Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .map(({ address }) => normalAddress(address.split('%')[0]!) ?? address)
}
