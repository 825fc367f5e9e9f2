import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TestIdentity } from '@cartero/testkit'

/** A mail server of somebody else's: started by the test, private configuration, loopback, ended with it. */
export interface Peer extends AsyncDisposable {
  readonly name: string
  /** STARTTLS is offered here where the peer can; mail for its domain is kept, everything else is sent on to `PeerOptions.next`. */
  readonly port: number
  /** 127.0.0.1 where it is not said. */
  readonly address?: string
  /** The octets of what came for anybody at `peer.test`, in no order. */
  received(): Promise<readonly Buffer[]>
  /** Tries again now what waits, where it would wait for longer than a test can. */
  retry?(): Promise<void>
  /** From now on it takes mail for whom it wanted to have offered later. Exim only. */
  relent?(): void
  /** The end of its log, for the message of a test that failed. */
  log(): string
}

export interface PeerOptions {
  /** An empty folder that other users may enter. */
  readonly folder: string
  readonly port: number
  /** 127.0.0.1 unless it is said here. */
  readonly address?: string
  /** Whose mail it keeps, and below which its own name is: peer.test unless it is said here. */
  readonly domain?: string
  /** One for localhost, that vouches for itself, unless it is said here. */
  readonly identity?: TestIdentity
  /** A resolv.conf. Mail for other domains goes to the hosts that the DNS names then, under DANE where there is any. Postfix only. */
  readonly resolver?: string
  /** Where mail for other domains goes. */
  readonly next: {
    readonly port: number
    /** 127.0.0.1 unless it is said here. */
    readonly address?: string
    /** STARTTLS is required there, and the login is used. */
    readonly login?: { readonly user: string; readonly password: string }
    /** Mail is handed over by LMTP. */
    readonly lmtp?: boolean
  }
}

/** The account that a peer knows, where it knows any. */
export const PEER_LOGIN = { user: 'carter', password: 'correct horse battery' } as const

export const LOOPBACK = '127.0.0.1'
export const DOMAIN = 'peer.test'

/** Whom every peer refuses, and whom Postfix and Exim want to have offered later. */
export const refusedAt = (domain: string): string => `refused@${domain}`
export const putOffAt = (domain: string): string => `later@${domain}`
export const REFUSED: string = refusedAt(DOMAIN)
export const PUT_OFF: string = putOffAt(DOMAIN)

/** Octets of the largest message that a peer takes. */
export const LARGEST = 3_000_000

const PEERS = '/opt/cartero-peers'

/** A program of a package that is unpacked only, or undefined where it is absent (tools/interop/install-peers.sh). */
export function unpacked(name: string): string | undefined {
  const path = `${PEERS}/${name}`
  return existsSync(path) ? path : undefined
}

/** Waits until somebody greets with 220, and ends the peer if nobody does. */
export async function untilGreeted(
  { port, address = LOOPBACK }: Pick<PeerOptions, 'port' | 'address'>,
  log: () => string,
  peer: AsyncDisposable,
  limitMs = 15_000,
): Promise<void> {
  const end = Date.now() + limitMs
  while (Date.now() < end) {
    if (await greets(port, address)) return
    await sleep(50)
  }
  await peer[Symbol.asyncDispose]()
  throw new Error(`nobody greets at ${address}:${port} within ${limitMs} ms:\n${log()}`)
}

function greets(port: number, address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, address)
    const done = (answer: boolean): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('data', (bytes) => done(bytes.toString('latin1').startsWith('220')))
    socket.once('error', () => done(false))
    socket.setTimeout(2_000, () => done(false))
  })
}

/** Asks again and again until there is an answer; rejects with the log after the limit. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  log: () => string,
  limitMs = 20_000,
): Promise<T> {
  const end = Date.now() + limitMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (Date.now() > end) throw new Error(`${what}: not within ${limitMs} ms\n${log()}`)
    await sleep(50)
  }
}
