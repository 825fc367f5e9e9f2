import { formatIpv4, formatUnmapped } from '../ip-address.ts'
import { PROXY_HEADER_LIMIT, ProxyFault, type ProxyHeader } from './header.ts'
import { readTlvs } from './tlv.ts'

/** What no text protocol begins with (§2.2). */
export const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')

/** Signature, version and command, family and transport, length of the rest. */
const FIXED = 16
const VERSION = 0x20
const LOCAL = 0
const PROXY = 1

/** Octets of the two addresses and ports, for each family and transport that a stream can have (§2.2). */
const LAYOUT: ReadonlyMap<number, { readonly address: number; readonly octets: number }> = new Map([
  [0x00, { address: 0, octets: 0 }],
  [0x11, { address: 4, octets: 12 }],
  [0x21, { address: 16, octets: 36 }],
  // UNIX: two paths, which say nothing about the client.
  [0x31, { address: 0, octets: 216 }],
])

/** The binary form (§2.2). */
export function readVersion2(bytes: Buffer): { header: ProxyHeader; length: number } | undefined {
  const start = bytes.subarray(0, SIGNATURE.length)
  if (!start.equals(SIGNATURE.subarray(0, start.length))) throw new ProxyFault('it does not begin like one')
  if (bytes.length < FIXED) return undefined
  const length = FIXED + bytes.readUInt16BE(14)
  if (length > PROXY_HEADER_LIMIT) throw new ProxyFault(`it is longer than ${PROXY_HEADER_LIMIT} octets`)
  const command = bytes[12]! ^ VERSION
  if (command !== LOCAL && command !== PROXY) throw new ProxyFault('it has a version or a command unheard of')
  if (bytes.length < length) return undefined
  // Whatever follows LOCAL is skipped.
  const header = command === LOCAL ? { isLocal: true } : headerOf(bytes.subarray(0, length))
  return { header, length }
}

function headerOf(bytes: Buffer): ProxyHeader {
  const layout = LAYOUT.get(bytes[13]!)
  if (layout === undefined) throw new ProxyFault('it has a family or a transport that no stream has')
  const end = FIXED + layout.octets
  if (end > bytes.length) throw new ProxyFault('its addresses are cut off')
  const told = readTlvs(bytes, end)
  const { address: size } = layout
  if (size === 0) return { isLocal: false, ...told }
  const endpoint = (index: 0 | 1): { address: string; port: number } => ({
    address: addressOf(bytes.subarray(FIXED + index * size, FIXED + (index + 1) * size)),
    port: bytes.readUInt16BE(FIXED + 2 * size + 2 * index),
  })
  return { isLocal: false, client: { source: endpoint(0), destination: endpoint(1) }, ...told }
}

function addressOf(octets: Buffer): string {
  if (octets.length === 4) return formatIpv4([...octets])
  return formatUnmapped(Array.from({ length: 8 }, (_, i) => octets.readUInt16BE(2 * i)))
}
