import {
  AUTHENTIC_DATA,
  decode,
  DNSSEC_OK,
  encode,
  RECURSION_DESIRED,
  type Answer,
  type DecodedPacket,
} from 'dns-packet'
import { DnsError, type RecordType } from '../ports.ts'
import { endOfRecords, hasPointerChain } from './framing.ts'

/** A question as it goes to one server. `name` is in the form of `normalName`. */
export interface Query {
  readonly id: number
  readonly name: string
  readonly type: RecordType
  readonly withEdns: boolean
}

/** What a server said to a query of ours. */
export interface Message {
  /** As the registry writes it: `NOERROR`, `NXDOMAIN`, `SERVFAIL`, … */
  readonly rcode: string
  readonly isTruncated: boolean
  /** Whether the server says that it validated everything. */
  readonly isAuthentic: boolean
  readonly answers: readonly Answer[]
  readonly authorities: readonly Answer[]
  readonly octets: number
}

/** What passes through the networks of today unbroken. */
// RFC 6891 §6.2.5
const UDP_OCTETS = 1232
const HEADER_OCTETS = 12
/** More than any mail domain has; each may send its reader through a long chain of compression pointers. */
const MOST_RECORDS = 1_000

/** The octets of a query: recursion wanted, validation wanted, and told of. */
// RFC 4035 §4.9.1, RFC 6840 §5.7, RFC 6891 §6.1.1
export function encodeQuery({ id, name, type, withEdns }: Query): Buffer {
  const edns: Answer = {
    type: 'OPT',
    name: '.',
    udpPayloadSize: UDP_OCTETS,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: DNSSEC_OK,
    flag_do: true,
    options: [],
  }
  return encode({
    type: 'query',
    id,
    flags: RECURSION_DESIRED | AUTHENTIC_DATA,
    questions: [{ name, type, class: 'IN' }],
    additionals: withEdns ? [edns] : [],
  })
}

/**
 * Reads what came. Undefined when it is no answer to this query: another id, another question, no response.
 * Throws DnsError (`malformed`) when it claims to be one and cannot be read, and no other error.
 */
// RFC 5452 §9.1
export function decodeAnswer(octets: Buffer, query: Query): Message | undefined {
  if (octets.length < HEADER_OCTETS || octets.readUInt16BE(0) !== query.id) return undefined
  const head = decoded(withoutRecords(octets))
  const rcode = rcodeOf(head)
  if (!head.flag_qr || !repeatsQuestion(head, query, rcode)) return undefined
  // What is truncated may end in the middle of a record. RFC 2181 §9
  const body = head.flag_tc ? head : decoded(refusedWhenCrowded(octets))
  return {
    rcode: extended(rcode, body),
    isTruncated: head.flag_tc,
    isAuthentic: head.flag_ad,
    answers: body.answers ?? [],
    authorities: body.authorities ?? [],
    octets: octets.length,
  }
}

/** The header and the question alone. */
function withoutRecords(octets: Buffer): Buffer {
  const copy = Buffer.from(octets)
  copy.fill(0, 6, HEADER_OCTETS)
  return copy
}

function refusedWhenCrowded(octets: Buffer): Buffer {
  const records = octets.readUInt16BE(6) + octets.readUInt16BE(8) + octets.readUInt16BE(10)
  if (records > MOST_RECORDS) throw new DnsError('malformed', `a packet with ${records} records`)
  if (hasPointerChain(octets)) throw new DnsError('malformed', 'a packet of pointers to pointers')
  return octets
}

function decoded(octets: Buffer): DecodedPacket {
  const end = endOfRecords(octets)
  if (end === undefined) throw new DnsError('malformed', 'a packet that ends in the middle of a record')
  let packet: DecodedPacket
  try {
    packet = decode(octets)
  } catch (cause) {
    throw new DnsError('malformed', 'a packet that cannot be read', { cause })
  }
  if (decode.bytes !== end)
    throw new DnsError('malformed', 'a packet whose records are not as long as it says')
  return packet
}

const rcodeOf = (packet: DecodedPacket): string => (packet as { rcode?: string }).rcode ?? ''

/** Servers that do not understand a query repeat nothing of it. */
function repeatsQuestion({ questions = [] }: DecodedPacket, { name, type }: Query, rcode: string): boolean {
  if (questions.length === 0) return rcode !== 'NOERROR' && rcode !== 'NXDOMAIN'
  const [question] = questions
  return (
    questions.length === 1 &&
    question!.name.toLowerCase() === name &&
    question!.type === type &&
    question!.class === 'IN'
  )
}

/** The upper bits of the code are in the OPT record. */
// RFC 6891 §6.1.3
function extended(rcode: string, { additionals = [] }: DecodedPacket): string {
  const opt = additionals.find(({ type }) => type === 'OPT')
  return opt?.type === 'OPT' && opt.extendedRcode > 0 ? `${rcode}+${opt.extendedRcode << 4}` : rcode
}
