import { createHash, createPublicKey, X509Certificate, type KeyObject } from 'node:crypto'
import { publicKeyInfoOf } from './certificate.ts'

/** What the DNS says of a server's certificate or key (a TLSA record, RFC 6698 §2.1). */
export interface DaneRecord {
  /** 2: DANE-TA, a trust anchor; 3: DANE-EE, the server itself. Others are not used for mail. */
  readonly usage: number
  /** 0: the whole certificate; 1: its public key. */
  readonly selector: number
  /** 0: the octets themselves; 1: their SHA-256; 2: their SHA-512. */
  readonly matchingType: number
  readonly data: Uint8Array
}

export interface DaneOptions {
  /** Validated by DNSSEC; those that cannot be used are passed over. */
  readonly records: readonly DaneRecord[]
  /** Of which a certificate must bear one that is believed because of its issuer (DANE-TA). */
  readonly names: readonly string[]
}

/** Why a certificate is not the one that the records mean. `code` is OpenSSL's or Node's where they have one. */
export interface CertificateFault {
  readonly code: string
  readonly message: string
}

/**
 * Certificates that are looked at when a path from the server's to a trust anchor is searched; a path of mail servers has
 * three or four.
 */
export const MAX_CHAIN_LENGTH = 10

const DANE_TA = 2
const DANE_EE = 3
const HASH_LENGTHS: Readonly<Record<number, number>> = { 1: 32, 2: 64 }

/**
 * The records that say something here: of usage DANE-TA or DANE-EE, with a known selector, a known matching type, and data
 * as long as that type has it. When there are none, TLS is all that can be asked for.
 */
// RFC 7672 §2.2, RFC 7672 §3.1.3
export function usableRecords(records: readonly DaneRecord[]): readonly DaneRecord[] {
  return records.filter(
    ({ usage, selector, matchingType, data }) =>
      (usage === DANE_TA || usage === DANE_EE) &&
      (selector === 0 || selector === 1) &&
      (matchingType === 0 ? data.length > 0 : data.length === HASH_LENGTHS[matchingType]),
  )
}

/** Undefined when one of the records names this certificate, or an issuer of it. `now`: milliseconds since the epoch. */
export function daneFault(
  certificate: X509Certificate,
  { records, names }: DaneOptions,
  now: number,
): CertificateFault | undefined {
  const usable = usableRecords(records)
  if (usable.length === 0) return { code: 'TLSA_UNUSABLE', message: 'no TLSA record of it can be used' }
  // RFC 7672 §3.1.1: of the server itself neither names nor dates count
  if (matches(certificate, ofUsage(usable, DANE_EE))) return undefined
  return anchorFault(certificate, ofUsage(usable, DANE_TA), now) ?? nameFault(certificate, names)
}

function ofUsage(records: readonly DaneRecord[], usage: number): readonly DaneRecord[] {
  return records.filter((record) => record.usage === usage)
}

function matches(certificate: X509Certificate, records: readonly DaneRecord[]): boolean {
  return records.some(({ selector, matchingType, data }) => {
    const selected = selector === 0 ? certificate.raw : publicKeyInfoOf(certificate)
    return selected !== undefined && associated(selected, matchingType).equals(data)
  })
}

function associated(octets: Buffer, matchingType: number): Buffer {
  if (matchingType === 0) return octets
  return createHash(matchingType === 1 ? 'sha256' : 'sha512')
    .update(octets)
    .digest()
}

/** Searches an issuer that a record means, through certificates that are valid now; each is looked at once. */
// RFC 7672 §3.1.2
function anchorFault(
  leaf: X509Certificate,
  records: readonly DaneRecord[],
  now: number,
): CertificateFault | undefined {
  const candidates = new Set([...shown(leaf), ...published(records)])
  const keys = publishedKeys(records)
  let fault: CertificateFault = {
    code: 'TLSA_MISMATCH',
    message: 'no TLSA record of it names its certificate',
  }
  const path = [leaf]
  for (const certificate of path) {
    const late = dateFault(certificate, now)
    if (late !== undefined) {
      if (records.length > 0) fault = late
      continue
    }
    if (certificate !== leaf && matches(certificate, records)) return undefined
    if (keys.some((key) => certificate.verify(key))) return undefined
    for (const issuer of candidates) {
      if (!hasIssued(issuer, certificate)) continue
      candidates.delete(issuer)
      path.push(issuer)
    }
  }
  return fault
}

function hasIssued(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
}

/** What the server showed besides its own; in the order in which it came, which need not be that of a path. */
function shown(leaf: X509Certificate): readonly X509Certificate[] {
  const certificates: X509Certificate[] = []
  let next = leaf.issuerCertificate
  while (next !== undefined && certificates.length < MAX_CHAIN_LENGTH) {
    certificates.push(next)
    next = next.issuerCertificate
  }
  return certificates
}

/** A record may be the whole trust anchor, which then need not be shown. */
// RFC 7671 §5.2.2
function published(records: readonly DaneRecord[]): readonly X509Certificate[] {
  return records
    .filter(({ selector, matchingType }) => selector === 0 && matchingType === 0)
    .slice(0, MAX_CHAIN_LENGTH)
    .flatMap(({ data }) => read(() => new X509Certificate(data)))
}

// RFC 7671 §5.2.3
function publishedKeys(records: readonly DaneRecord[]): readonly KeyObject[] {
  return records
    .filter(({ selector, matchingType }) => selector === 1 && matchingType === 0)
    .slice(0, MAX_CHAIN_LENGTH)
    .flatMap(({ data }) =>
      read(() => createPublicKey({ key: Buffer.from(data), format: 'der', type: 'spki' })),
    )
}

/** Nothing, when the octets are not what they should be. */
function read<T>(parse: () => T): readonly T[] {
  try {
    return [parse()]
  } catch {
    return []
  }
}

function dateFault(
  { validFromDate, validToDate }: X509Certificate,
  now: number,
): CertificateFault | undefined {
  if (now > validToDate.getTime()) return { code: 'CERT_HAS_EXPIRED', message: 'its certificate has expired' }
  if (now < validFromDate.getTime())
    return { code: 'CERT_NOT_YET_VALID', message: 'its certificate is not valid yet' }
  return undefined
}

/** A common name counts when there is no other, as in no other use of certificates any more. */
// RFC 7672 §3.2.3
function nameFault(certificate: X509Certificate, names: readonly string[]): CertificateFault | undefined {
  const isNamed = names.some((name) => certificate.checkHost(name, { partialWildcards: false }) !== undefined)
  if (isNamed) return undefined
  return { code: 'ERR_TLS_CERT_ALTNAME_INVALID', message: `its certificate is not for ${names.join(', ')}` }
}
