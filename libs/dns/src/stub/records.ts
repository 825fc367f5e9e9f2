import type { Answer } from 'dns-packet'
import { formatIpv6, parseIpv4, parseIpv6 } from '@cartero/wire'
import { DnsError, type RecordsByType, type RecordType } from '../ports.ts'

type Decoded<T extends RecordType> = Extract<Answer, { type: T }>
type Readers = { readonly [T in RecordType]: (record: Decoded<T>) => RecordsByType[T] | undefined }

const READERS: Readers = {
  A: ({ data }) => (parseIpv4(data) ? data : undefined),
  // RFC 3596 §2.2
  AAAA: ({ data }) => {
    const groups = parseIpv6(data)
    return groups && formatIpv6(groups)
  },
  CNAME: ({ data }) => printableName(data),
  PTR: ({ data }) => printableName(data),
  MX: ({ data }) => ({ preference: data.preference ?? 0, exchange: printableName(data.exchange) }),
  TLSA: ({ data: { usage, selector, matchingType, certificate } }) => ({
    usage,
    selector,
    matchingType,
    // A copy, for what is kept must not keep its packet.
    data: Uint8Array.from(certificate),
  }),
  // RFC 1035 §3.3.14
  TXT: ({ data }) => Buffer.concat(data as Buffer[]).toString('utf8'),
}

/** The record as the port has it. Throws DnsError (`malformed`) when its data is none of its type. */
export function readRecord<T extends RecordType>(record: Answer, type: T): RecordsByType[T] {
  const value = READERS[type](record as Decoded<T>)
  if (value === undefined)
    throw new DnsError('malformed', `an ${type} record of ${record.name} without an address`)
  return value
}

/** The name in lower case, '' for the root, with what cannot be printed as \DDD, so that it is harmless wherever it is shown. */
// RFC 1035 §5.1
export function printableName(name: string): string {
  if (name === '.') return ''
  return /^[!-[\]-~]+$/.test(name) ? name.toLowerCase() : escaped(name)
}

function escaped(name: string): string {
  const characters = [...Buffer.from(name.toLowerCase())].map((octet) =>
    octet > 0x20 && octet < 0x7f && octet !== 0x5c
      ? String.fromCharCode(octet)
      : `\\${String(octet).padStart(3, '0')}`,
  )
  return characters.join('')
}
