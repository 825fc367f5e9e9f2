import { parentPort, workerData } from 'node:worker_threads'

import { generate } from 'selfsigned'

import type { CertificateOrder, SelfSigned } from './self-signed.ts'

const DAY = 86_400_000
/** Days for which a certificate is made: the longest that clients accept of anybody. */
const CERTIFICATE_DAYS = 820
/** Days for which our own authority vouches. Whoever takes it up again has to bring it to all agents. */
const AUTHORITY_DAYS = 3_650

/** ECDSA P-256, because its handshakes cost a server half of what RSA's cost. */
async function make(order: CertificateOrder): Promise<SelfSigned> {
  const { kind, names } = order
  const days = kind === 'authority' ? AUTHORITY_DAYS : CERTIFICATE_DAYS
  const { cert, private: key } = await generate([{ name: 'commonName', value: names[0] ?? 'localhost' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notAfterDate: new Date(Date.now() + days * DAY),
    extensions: [
      { name: 'basicConstraints', cA: kind !== 'issued', critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: kind !== 'issued', critical: true },
      ...(kind === 'authority' ? [] : usesOf(order)),
    ],
    ...(order.kind === 'issued' && { ca: { cert: order.authority.certificate, key: order.authority.key } }),
  })
  return { certificate: wholeLines(cert), key: wholeLines(key) }
}

/** Files of several certificates are made by putting them one behind the other. */
function wholeLines(pem: string): string {
  return pem.endsWith('\n') ? pem : `${pem}\n`
}

function usesOf({ kind, names, addresses }: CertificateOrder) {
  const altNames = [
    ...names.map((value) => ({ type: 2 as const, value })),
    ...addresses.map((ip) => ({ type: 7 as const, ip })),
  ]
  return [
    { name: 'extKeyUsage' as const, serverAuth: true, clientAuth: kind === 'issued' },
    { name: 'subjectAltName' as const, altNames },
  ]
}

parentPort!.postMessage(await make(workerData as CertificateOrder))
