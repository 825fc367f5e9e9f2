import { crc32c } from './crc32c.ts'
import { ProxyFault, type ProxyHeader } from './header.ts'

// §2.2.1 to §2.2.6
const AUTHORITY = 0x02
const CRC32C = 0x03
const SSL = 0x20
const SSL_VERSION = 0x21

/** Flags of what the client did (§2.2.6). */
const CLIENT_SSL = 0x01
const CLIENT_CERTIFICATE = 0x02 | 0x04

/** The longest host name there is. */
const AUTHORITY_OCTETS = 255
const SUM_OCTETS = 4

type Told = Pick<ProxyHeader, 'serverName' | 'tls'>

interface Tlv {
  readonly type: number
  readonly value: Buffer
  /** Where the value begins. */
  readonly at: number
}

/** What stands behind the addresses of a whole header (§2.2). Types that are not known are skipped. */
export function readTlvs(header: Buffer, start: number): Told {
  let told: Told = {}
  for (const tlv of tlvs(header, start)) {
    if (tlv.type === CRC32C) verify(header, tlv)
    else if (tlv.type === AUTHORITY) told = { ...told, serverName: authority(tlv.value) }
    else if (tlv.type === SSL) told = { ...told, ...ssl(tlv.value) }
  }
  return told
}

function* tlvs(bytes: Buffer, start: number): Generator<Tlv> {
  for (let at = start; at < bytes.length;) {
    const end = at + 3 > bytes.length ? Infinity : at + 3 + bytes.readUInt16BE(at + 1)
    if (end > bytes.length) throw new ProxyFault('what it adds is cut off')
    yield { type: bytes[at]!, value: bytes.subarray(at + 3, end), at: at + 3 }
    at = end
  }
}

/** The sum is of the whole header, with zeros in its own place (§2.2.3). */
function verify(header: Buffer, { value, at }: Tlv): void {
  if (value.length !== SUM_OCTETS) throw new ProxyFault('its checksum is none')
  const sum = crc32c(header.subarray(0, at), Buffer.alloc(SUM_OCTETS), header.subarray(at + SUM_OCTETS))
  if (sum !== value.readUInt32BE(0)) throw new ProxyFault('its checksum is wrong')
}

function authority(value: Buffer): string {
  const name = value.toString()
  // It is shown in logs: no controls, no blanks, no octets that are no UTF-8.
  if (value.length > AUTHORITY_OCTETS || !/^[^\s\p{Cc}\p{Cf}\ufffd]+$/u.test(name))
    throw new ProxyFault('the name that it tells is none')
  return name
}

function ssl(value: Buffer): Told {
  if (value.length < 5) throw new ProxyFault('what it tells of TLS is cut off')
  const client = value[0]!
  let version = ''
  for (const tlv of tlvs(value, 5)) if (tlv.type === SSL_VERSION) version = tlv.value.toString('latin1')
  if ((client & CLIENT_SSL) === 0) return {}
  const verified = (client & CLIENT_CERTIFICATE) !== 0 && value.readUInt32BE(1) === 0
  return { tls: { version: /^[\w.]{0,16}$/.test(version) ? version : '', verified } }
}
