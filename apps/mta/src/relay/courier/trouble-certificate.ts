import type { DialError } from '@cartero/wire/node'

/** What is wrong with a certificate, by the code of OpenSSL or Node. */
const WORDS: Readonly<Record<string, string>> = {
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

/** Why a certificate does not do, in words, with the code that says it exactly: `its certificate is self-signed … (CODE)`. */
export function certificateWords({ code, message }: Pick<DialError, 'code' | 'message'>): string {
  const words = WORDS[code] ?? message
  return words.includes(code) ? words : `${words} (${code})`
}
