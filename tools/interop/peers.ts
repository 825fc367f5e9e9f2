import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePortBase, lacks } from '@cartero/testkit'
import { EXIM, startExim } from './exim.ts'
import { OPENSMTPD, startOpenSmtpd } from './opensmtpd.ts'
import type { Peer, PeerOptions } from './peer.ts'
import { startPostfix } from './postfix.ts'

/** A mail server that tests may start. */
export interface PeerRow {
  readonly name: 'Postfix' | 'Exim' | 'OpenSMTPD'
  readonly start: (options: PeerOptions) => Promise<Peer>
  /** For a test's `skip`: false where it can be started, else why not. */
  readonly lacking: string | false
  /** What it offers besides SIZE, 8BITMIME, DSN. */
  readonly offers: readonly string[]
}

const ROOT = process.getuid?.() === 0 ? false : 'mail servers can be started by root only'

export const POSTFIX: PeerRow = {
  name: 'Postfix',
  start: startPostfix,
  lacking: lacks('postfix', 'postfix') || ROOT,
  offers: ['PIPELINING', 'CHUNKING', 'SMTPUTF8', 'STARTTLS', 'ENHANCEDSTATUSCODES'],
}

export const EXIM_4: PeerRow = {
  name: 'Exim',
  start: startExim,
  lacking: EXIM === undefined ? notUnpacked('Exim') : ROOT,
  offers: ['PIPELINING', 'CHUNKING', 'SMTPUTF8', 'STARTTLS', 'AUTH'],
}

export const OPENSMTPD_6: PeerRow = {
  name: 'OpenSMTPD',
  start: startOpenSmtpd,
  lacking: OPENSMTPD === undefined ? notUnpacked('OpenSMTPD') : ROOT,
  offers: ['ENHANCEDSTATUSCODES'],
}

export const PEERS: readonly PeerRow[] = [POSTFIX, EXIM_4, OPENSMTPD_6]

function notUnpacked(name: string): string {
  return `${name} is not there (tools/interop/install-peers.sh)`
}

/** Starts a peer in a folder and, unless it is said where, on a port of its own; both are gone with it. */
export async function hosted(
  { start }: PeerRow,
  next: PeerOptions['next'],
  more: Partial<Omit<PeerOptions, 'folder' | 'next'>> = {},
): Promise<Peer> {
  const folder = mkdtempSync(join(tmpdir(), 'cartero-peer-'))
  chmodSync(folder, 0o755)
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  try {
    const port = more.port ?? (await freePortBase()) + 25
    const peer = await start({ ...more, folder: join(folder, 'peer'), port, next })
    return {
      name: peer.name,
      port: peer.port,
      ...(more.address !== undefined && { address: more.address }),
      received: () => peer.received(),
      log: () => peer.log(),
      retry: async () => peer.retry?.(),
      relent: () => peer.relent?.(),
      [Symbol.asyncDispose]: async () => {
        await peer[Symbol.asyncDispose]()
        remove()
      },
    }
  } catch (error) {
    remove()
    throw error
  }
}

/** Nobody listens there: for peers that send nothing on. */
export const NOWHERE: PeerOptions['next'] = { port: 9 }
