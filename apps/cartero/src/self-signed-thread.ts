import { parentPort, workerData } from 'node:worker_threads'

import { generate } from 'selfsigned'

import type { SelfSigned, Subject } from './self-signed.ts'

const DAY = 86_400_000
/** Days for which a self-signed certificate is made: the longest that clients accept of anybody. */
const SELF_SIGNED_DAYS = 820

/** ECDSA P-256, because its handshakes cost a server half of what RSA's cost. */
async function make({ names, addresses }: Subject): Promise<SelfSigned> {
  const altNames = [
    ...names.map((value) => ({ type: 2 as const, value })),
    ...addresses.map((ip) => ({ type: 7 as const, ip })),
  ]
  const { cert, private: key } = await generate([{ name: 'commonName', value: names[0] ?? 'localhost' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notAfterDate: new Date(Date.now() + SELF_SIGNED_DAYS * DAY),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames },
    ],
  })
  return { certificate: cert, key }
}

parentPort!.postMessage(await make(workerData as Subject))
