import type { ProxyHeader } from './header.ts'
import { readVersion1 } from './version1.ts'
import { readVersion2, SIGNATURE } from './version2.ts'

/**
 * Reads the header at the start of what came in, which must be all of it from the first octet. Undefined until it is
 * there in full; `length` is where the client's own octets begin. Throws ProxyFault as soon as it can be none.
 */
export function readProxyHeader(bytes: Buffer): { header: ProxyHeader; length: number } | undefined {
  if (bytes.length === 0) return undefined
  return bytes[0] === SIGNATURE[0] ? readVersion2(bytes) : readVersion1(bytes)
}
