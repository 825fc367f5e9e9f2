import type { DialError } from './dial-error.ts'

/** What an address did, by the code of the system. */
const ADDRESS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'broke off',
  ETIMEDOUT: 'did not answer in time',
  EHOSTUNREACH: 'cannot be reached',
  ENETUNREACH: 'is in a network to which there is no way from here',
  EADDRNOTAVAIL: 'cannot be called from the address that is configured',
}

/** What is wrong with a certificate, by the code of OpenSSL or Node. */
const CERTIFICATE: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed, so that no authority vouches for it',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is from an authority that is not trusted here',
  UNABLE_TO_GET_ISSUER_CERT: 'the issuer of its certificate is not known here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the issuer of its certificate is not known here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the issuer of its certificate is not known here',
  CERT_HAS_EXPIRED: 'its certificate, or one that vouches for it, has expired',
  CERT_NOT_YET_VALID: 'its certificate, or one that vouches for it, is not valid yet',
  CERT_REVOKED: 'its certificate is revoked',
  INVALID_CA: 'its certificate is signed by one that must not sign others',
  INVALID_PURPOSE: 'its certificate is not made for servers',
}

type Failure = Pick<DialError, 'stage' | 'code' | 'message' | 'attempts'>

/**
 * Why there is no connection, or none that may be used, in one line for the operator:
 * `cannot connect to mx.example.net port 25: 192.0.2.1 refused (ECONNREFUSED)`,
 * `mx.example.net: its certificate is self-signed … (CODE)`.
 */
export function dialWords(host: { readonly name: string; readonly port: number }, error: Failure): string {
  if (error.stage === 'connect') return connectWords(host, error)
  return `${host.name}: ${error.stage === 'certificate' ? certificateWords(error) : error.message}`
}

function connectWords(
  { name, port }: { readonly name: string; readonly port: number },
  { attempts, message }: Failure,
): string {
  if (attempts.length === 0) return message
  const failures = attempts.map(({ address, code }) => {
    const who = address === name ? 'it' : address
    return `${who} ${ADDRESS[code] ?? 'failed'} (${code})`
  })
  return `cannot connect to ${name} port ${port}: ${failures.join('; ')}`
}

function certificateWords({ code, message }: Failure): string {
  const words = CERTIFICATE[code] ?? message
  return words.includes(code) ? words : `${words} (${code})`
}
