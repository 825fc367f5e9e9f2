import { DirectoryError } from './directory-error.ts'

/** SHA-256 of a certificate, in lower-case hex. */
const FINGERPRINT = /^[0-9a-f]{64}$/

/** Reads a fingerprint that an operator wrote, with the colons of OpenSSL or without. */
export function expectFingerprint(text: string): string {
  const plain = text
    .replace(/^sha256 fingerprint=/i, '')
    .replaceAll(':', '')
    .toLowerCase()
  if (FINGERPRINT.test(plain)) return plain
  throw new DirectoryError(
    'invalid',
    `'${text}' is not the SHA-256 fingerprint of a certificate: \`openssl x509 -noout -fingerprint -sha256\` tells it`,
  )
}
