import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/** What a self-signed certificate is for. */
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

/** Made in a thread that ends: what it takes to write a certificate would stay in memory for as long as the server runs. */
export async function makeSelfSigned(subject: Subject): Promise<SelfSigned> {
  const thread = new Worker(new URL('./self-signed-thread.ts', import.meta.url), { workerData: subject })
  const [made] = (await once(thread, 'message')) as [SelfSigned]
  return made
}
