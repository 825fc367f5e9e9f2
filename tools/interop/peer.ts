import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A mail server of somebody else's: started by the test, private configuration, loopback, ended with it. */
export interface Peer extends AsyncDisposable {
  readonly name: string
  /** STARTTLS is offered here where the peer can; mail for `peer.test` is kept, everything else is sent on to `PeerOptions.next`. */
  readonly port: number
  /** The octets of what came for anybody at `peer.test`, in no order. */
  received(): Promise<readonly Buffer[]>
  /** Tries again now what waits, where it would wait for longer than a test can. */
  retry?(): Promise<void>
  /** The end of its log, for the message of a test that failed. */
  log(): string
}

export interface PeerOptions {
  /** An empty folder that other users may enter. */
  readonly folder: string
  readonly port: number
  /** Where mail for other domains goes. */
  readonly next: {
    readonly port: number
    /** STARTTLS is required there, and the login is used. */
    readonly login?: { readonly user: string; readonly password: string }
    /** Mail is handed over by LMTP. */
    readonly lmtp?: boolean
  }
}

/** The account that a peer knows, where it knows any. */
export const PEER_LOGIN = { user: 'carter', password: 'correct horse battery' } as const

/** Whom every peer refuses, and whom Postfix and Exim want to have offered later. */
export const REFUSED = 'refused@peer.test'
export const PUT_OFF = 'later@peer.test'

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
  port: number,
  log: () => string,
  peer: AsyncDisposable,
  limitMs = 15_000,
): Promise<void> {
  const end = Date.now() + limitMs
  while (Date.now() < end) {
    if (await greets(port)) return
    await sleep(50)
  }
  await peer[Symbol.asyncDispose]()
  throw new Error(`nobody greets on port ${port} within ${limitMs} ms:\n${log()}`)
}

function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
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
