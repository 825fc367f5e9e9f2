import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/** What a certificate is for. */
export interface Subject {
  /** DNS names; the first is the common name. */
  readonly names: readonly string[]
  /** IP addresses. */
  readonly addresses: readonly string[]
}

/** PEM. */
export interface SelfSigned {
  readonly certificate: string
  readonly key: string
}

/** What the thread is asked to make. */
export type CertificateOrder =
  /** For a server, which vouches for itself. */
  | ({ readonly kind: 'selfSigned' } & Subject)
  /** Vouches for others. */
  | ({ readonly kind: 'authority' } & Subject)
  /** For an agent, which is server and client. */
  | ({ readonly kind: 'issued'; readonly authority: SelfSigned } & Subject)

/** A certificate for a server that nobody else vouches for. */
export function makeSelfSigned(subject: Subject): Promise<SelfSigned> {
  return make({ kind: 'selfSigned', ...subject })
}

/** An authority of our own, which vouches for our agents and for nobody else. */
export function makeAuthority(name: string): Promise<SelfSigned> {
  return make({ kind: 'authority', names: [name], addresses: [] })
}

/** A certificate for an agent, which shows it to those whom it calls and to those who call it. */
export function issueCertificate(subject: Subject, authority: SelfSigned): Promise<SelfSigned> {
  return make({ kind: 'issued', authority, ...subject })
}

/** Made in a thread that ends: what it takes to write a certificate would stay in memory for as long as the server runs. */
async function make(order: CertificateOrder): Promise<SelfSigned> {
  const thread = new Worker(new URL('./self-signed-thread.ts', import.meta.url), { workerData: order })
  const [made] = (await once(thread, 'message')) as [SelfSigned]
  return made
}
