import { createHash, type X509Certificate } from 'node:crypto'
import type { TlsPeer } from '../facts.ts'

/**
 * tls-server-end-point: the hash of the server's certificate with the hash of its signature, and SHA-256 for MD5 and
 * SHA-1. Undefined when the signature has no hash of its own (Ed25519), as the RFC says.
 */
// RFC 5929 §4.1
export function endPointOf(certificate: X509Certificate): Buffer | undefined {
  const hash = signatureHash(certificate)
  return hash === undefined ? undefined : createHash(hash).update(certificate.raw).digest()
}

const SIGNATURE_HASHES: readonly (readonly [name: RegExp, hash: string])[] = [
  [/md5|sha1|sha256/i, 'sha256'],
  [/sha384/i, 'sha384'],
  [/sha512/i, 'sha512'],
  [/sha224/i, 'sha224'],
]

function signatureHash(certificate: X509Certificate): string | undefined {
  const name = certificate.signatureAlgorithm ?? ''
  if (name === 'rsassaPss') return pssHash(certificate.raw)
  return SIGNATURE_HASHES.find(([pattern]) => pattern.test(name))?.[1]
}

/** The arc of the SHA-2 hashes, 2.16.840.1.101.3.4.2, to which one octet is added. */
const SHA2 = Buffer.from('06096086480165030402', 'hex')
const PSS_HASHES: Readonly<Record<number, string>> = { 1: 'sha256', 2: 'sha384', 3: 'sha512', 4: 'sha224' }

/** The hash is a parameter of the algorithm, the first of those behind the part that is signed; SHA-1 when none is named. */
// RFC 4055 §3.1
function pssHash(der: Buffer): string {
  const signed = contentOf(der, 0).start
  const algorithm = contentOf(der, contentOf(der, signed).end)
  const parameters = der.subarray(algorithm.start, algorithm.end)
  const at = parameters.indexOf(SHA2)
  return (at === -1 ? undefined : PSS_HASHES[parameters[at + SHA2.length]!]) ?? 'sha256'
}

/** The key with its algorithm, as the certificate has it; undefined when it is not in DER. */
// RFC 5280 §4.1
export function publicKeyInfoOf({ raw: der }: X509Certificate): Buffer | undefined {
  try {
    let at = contentOf(der, contentOf(der, 0).start).start
    const hasVersion = der[at] === 0xa0
    // The serial number, the algorithm, the issuer, the dates and the subject stand before it.
    for (let field = hasVersion ? 0 : 1; field < 6; field++) at = contentOf(der, at).end
    return der.subarray(at, contentOf(der, at).end)
  } catch {
    return undefined
  }
}

/** Where the content of the DER element begins that begins at `at`, and where it ends. */
function contentOf(der: Buffer, at: number): { readonly start: number; readonly end: number } {
  const first = der[at + 1]!
  if (first < 0x80) return { start: at + 2, end: at + 2 + first }
  const start = at + 2 + (first & 0x7f)
  return { start, end: start + der.readUIntBE(at + 2, first & 0x7f) }
}

/** Whom a certificate names. It is believed only of a certificate that was verified. */
export function peerOf(certificate: X509Certificate): TlsPeer {
  const names = alternativeNames(certificate)
  const of = (kind: string): readonly string[] =>
    names.filter((name) => name.kind === kind).map(({ value }) => value)
  return {
    commonName: commonNameOf(certificate),
    emails: [...of('email'), ...of('SmtpUTF8Mailbox')],
    names: of('DNS').map((name) => name.toLowerCase()),
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
  }
}

/** Of several the last, which is the most specific. */
function commonNameOf(certificate: X509Certificate): string {
  const { CN } = (certificate.toLegacyObject().subject ?? {}) as { CN?: string | readonly string[] }
  return (typeof CN === 'string' ? CN : CN?.at(-1)) ?? ''
}

/** The DNS names of a certificate, in lower case; a wildcard is the whole first label. */
export function dnsNamesOf(certificate: X509Certificate): readonly string[] {
  return alternativeNames(certificate)
    .filter(({ kind }) => kind === 'DNS')
    .map(({ value }) => value.toLowerCase())
}

/** One of `DNS:a.example, email:"a, b"@…`: Node quotes, as JSON, whatever could be taken for two. */
const ALTERNATIVE = /(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?=, |$)/gy

function alternativeNames(certificate: X509Certificate): { readonly kind: string; readonly value: string }[] {
  const found = (certificate.subjectAltName ?? '').matchAll(ALTERNATIVE)
  return Array.from(found, ([, kind = '', written = '']) => {
    const value = written.startsWith('"') ? (JSON.parse(written) as string) : written
    // RFC 9598 §3: the one other name that is a mail address
    return kind === 'othername' && value.startsWith('SmtpUTF8Mailbox:')
      ? { kind: 'SmtpUTF8Mailbox', value: value.slice('SmtpUTF8Mailbox:'.length) }
      : { kind, value }
  })
}
