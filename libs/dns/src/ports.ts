/** What is asked for. Names are in A-labels, without a dot at the end; upper and lower case are the same. */
export interface RecordsByType {
  readonly A: string
  readonly AAAA: string
  readonly CNAME: string
  readonly MX: MxRecord
  readonly TLSA: TlsaRecord
  /** The strings of one record, joined. */
  readonly TXT: string
  readonly PTR: string
}

export type RecordType = keyof RecordsByType

export interface MxRecord {
  readonly preference: number
  /** '' is the root: the domain takes no mail (RFC 7505 §3). */
  readonly exchange: string
}

/** RFC 6698 §2.1 */
export interface TlsaRecord {
  readonly usage: number
  readonly selector: number
  readonly matchingType: number
  readonly data: Uint8Array
}

/** What the DNS says of one name and type. That there is nothing is an answer, too. */
export interface DnsAnswer<T extends RecordType> {
  /** `noName`: there is no such name (NXDOMAIN). `noData`: there is, without records of that type. */
  readonly kind: 'found' | 'noData' | 'noName'
  /** Empty unless found. */
  readonly records: readonly RecordsByType[T][]
  /** The name that has the records, or has none, after all CNAMEs; in lower case. */
  readonly name: string
  /**
   * Whether the resolver has validated all of the answer by DNSSEC, its denial included, and is one whose word counts: on
   * this machine, or trusted by the operator. False is "insecure or unknown", never "forged": what is forged is a DnsError.
   */
  // RFC 4035 §3.2.3, RFC 7672 §2.1
  readonly isValidated: boolean
}

/**
 * Asks the DNS.
 *
 * Rejects with DnsError when there is no answer now (no server answers in time, SERVFAIL, REFUSED, an answer that makes no
 * sense): try again later, and conclude nothing. Aborting rejects with the signal's reason.
 */
export interface Resolver {
  ask<T extends RecordType>(name: string, type: T, signal?: AbortSignal): Promise<DnsAnswer<T>>
}

/** There is no answer now. `serverFailure`: SERVFAIL, which is also what a forged answer is told by. */
export class DnsError extends Error {
  override readonly name = 'DnsError'
  readonly fault: 'timeout' | 'serverFailure' | 'refused' | 'unreachable' | 'malformed'

  constructor(fault: DnsError['fault'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.fault = fault
  }
}
