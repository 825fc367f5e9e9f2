import { readFileSync } from 'node:fs'
import { NetworkSet, normalAddress, parseNetwork } from '@cartero/wire'

/** Somebody who answers questions of ours. */
export interface NameServer {
  readonly address: string
  readonly port: number
  readonly isLoopback: boolean
}

const PORT = 53
const RESOLV_CONF = '/etc/resolv.conf'
/** Where resolv.conf names nobody, somebody is expected on this machine, as every libc does. */
const THIS_MACHINE = '127.0.0.1'

const LOOPBACK = new NetworkSet(['127.0.0.0/8', '::1'].map((text) => parseNetwork(text)!))

/** The addresses after `nameserver` in a file like /etc/resolv.conf, in its order; this machine where it names none or is not there. */
export function systemServers(file: string = RESOLV_CONF): readonly string[] {
  const servers = linesOf(file).flatMap((line) => /^nameserver\s+(\S+)/.exec(line)?.[1] ?? [])
  return servers.length > 0 ? servers : [THIS_MACHINE]
}

function linesOf(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8').split('\n')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/**
 * Reads `127.0.0.1`, `127.0.0.1:5353`, `::1`, `[::1]:53` or `fe80::1%eth0`.
 * Throws RangeError, in words for the operator, for anything else.
 */
export function parseServer(text: string): NameServer {
  const [, bracketed, plain, port] =
    /^(?:\[([^\]]+)\]|([^:]+|[^[\]]*:[^[\]]*:[^[\]]*))(?::(\d{1,5}))?$/.exec(text) ?? []
  const host = bracketed ?? plain ?? ''
  const [bare = '', zone] = host.split('%', 2)
  const address = normalAddress(bare)
  const number = port === undefined ? PORT : Number(port)
  if (address === undefined || number < 1 || number > 65_535)
    throw new RangeError(
      `'${text}' is no name server: say 192.0.2.1, 192.0.2.1:5353, 2001:db8::1 or [2001:db8::1]:5353`,
    )
  return {
    address: zone === undefined ? address : `${address}%${zone}`,
    port: number,
    isLoopback: LOOPBACK.has(address),
  }
}

/**
 * Whom to ask. Where one of the servers may be believed about DNSSEC, only such servers are asked: what one of them finds to
 * be forged, a server that does not look would believe.
 */
// RFC 4035 §4.9.3
export function serversToAsk(
  servers: readonly NameServer[],
  trustAd: boolean,
): { readonly servers: readonly NameServer[]; readonly areBelieved: boolean } {
  const believed = trustAd ? servers : servers.filter(({ isLoopback }) => isLoopback)
  return believed.length > 0 ? { servers: believed, areBelieved: true } : { servers, areBelieved: false }
}
