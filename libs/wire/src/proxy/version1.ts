import { normalAddress } from '../ip-address.ts'
import { ProxyFault, type ProxyEndpoint, type ProxyHeader } from './header.ts'

/** The longest line of version 1 with its CRLF (§2.1). */
const LINE_LIMIT = 107
const START = Buffer.from('PROXY ')
const CRLF = '\r\n'

/** `PROXY TCP4 192.0.2.1 192.0.2.2 51234 25`, ended by CRLF (§2.1). */
export function readVersion1(bytes: Buffer): { header: ProxyHeader; length: number } | undefined {
  const start = bytes.subarray(0, START.length)
  if (!start.equals(START.subarray(0, start.length))) throw new ProxyFault('it does not begin like one')
  const end = bytes.subarray(0, LINE_LIMIT).indexOf(CRLF)
  if (end !== -1)
    return { header: headerOf(bytes.toString('latin1', START.length, end)), length: end + CRLF.length }
  if (bytes.length >= LINE_LIMIT) throw new ProxyFault(`its line is longer than ${LINE_LIMIT} octets`)
  return undefined
}

function headerOf(line: string): ProxyHeader {
  const [protocol, ...fields] = line.split(' ')
  // What follows UNKNOWN is ignored.
  if (protocol === 'UNKNOWN') return { isLocal: false }
  if (protocol !== 'TCP4' && protocol !== 'TCP6') throw new ProxyFault('it names no protocol that there is')
  if (fields.length !== 4) throw new ProxyFault('it does not have two addresses and two ports')
  const [from, to, fromPort, toPort] = fields as [string, string, string, string]
  return {
    isLocal: false,
    client: { source: endpoint(protocol, from, fromPort), destination: endpoint(protocol, to, toPort) },
  }
}

function endpoint(protocol: 'TCP4' | 'TCP6', text: string, digits: string): ProxyEndpoint {
  const address = text.includes(':') === (protocol === 'TCP6') ? normalAddress(text) : undefined
  if (address === undefined) throw new ProxyFault(`it has an address that is none of ${protocol}`)
  const port = /^(?:0|[1-9]\d{0,4})$/.test(digits) ? Number(digits) : Infinity
  if (port > 65_535) throw new ProxyFault('it has a port that is none')
  return { address, port }
}
