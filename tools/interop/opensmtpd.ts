import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { command, PeerProcess } from '@cartero/testkit'
import { messagesIn } from './maildir.ts'
import {
  DOMAIN,
  LARGEST,
  LOOPBACK,
  refusedAt,
  unpacked,
  untilGreeted,
  type Peer,
  type PeerOptions,
} from './peer.ts'

export const OPENSMTPD = unpacked('opensmtpd/usr/sbin/smtpd')

const SMTPCTL = unpacked('opensmtpd/usr/sbin/smtpctl')
/** What a set-group-ID bit would do. */
const AS_QUEUE = ['--regid', 'opensmtpq', '--clear-groups', '--']
const SPOOL = '/var/spool/smtpd'
const SPOOL_FOLDERS = ['queue', 'incoming', 'purge', 'temporary', 'corrupt']

/**
 * Debian's OpenSMTPD, unpacked and not installed. Its spool is /var/spool/smtpd, so that there is one at a time. It serves
 * without TLS: this build's key handling does not work with OpenSSL 3. As a client it does TLS.
 */
export async function startOpenSmtpd(options: PeerOptions): Promise<Peer> {
  const { folder, port } = options
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'smtpd.conf'), configuration(options), { mode: 0o600 })
  writeFileSync(join(folder, 'secrets'), secretOf(options), { mode: 0o600 })
  mkdirSync(join(folder, 'mail'))
  await command('chown', ['nobody', join(folder, 'mail')])
  const turn = await spoolToOneself()
  const daemon = new PeerProcess(OPENSMTPD!, ['-d', '-f', join(folder, 'smtpd.conf')])
  const log = (): string => daemon.said
  const end = async (): Promise<void> => {
    await daemon[Symbol.asyncDispose]()
    turn[Symbol.dispose]()
  }
  await untilGreeted(options, log, { [Symbol.asyncDispose]: end })
  return {
    name: 'OpenSMTPD',
    port,
    log,
    received: async () => messagesIn(join(folder, 'mail')),
    retry: async () => void (await command('setpriv', [...AS_QUEUE, SMTPCTL!, 'schedule', 'all'])),
    [Symbol.asyncDispose]: end,
  }
}

/** Waits until no other test has the one spool, whose place is compiled in, and empties it of what they left. */
async function spoolToOneself(): Promise<Disposable> {
  // An abstract name: it is free again as soon as its owner is gone, however he went.
  const name = '\0cartero-interop-opensmtpd'
  for (;;) {
    const server = createServer()
    server.listen(name)
    const isOurs = await once(server, 'listening').then(
      () => true,
      () => false,
    )
    if (isOurs) {
      SPOOL_FOLDERS.forEach(empty)
      return { [Symbol.dispose]: () => void server.close() }
    }
    await sleep(100)
  }
}

function empty(folder: string): void {
  const path = join(SPOOL, folder)
  if (!existsSync(path)) return
  for (const name of readdirSync(path)) rmSync(join(path, name), { recursive: true, force: true })
}

const secretOf = ({ next }: PeerOptions): string =>
  next.login === undefined ? '' : `next ${next.login.user}:${next.login.password}\n`

const configuration = ({ folder, port, next, address = LOOPBACK, domain = DOMAIN }: PeerOptions): string => `
smtp max-message-size ${LARGEST}
table secrets file:${folder}/secrets
listen on ${address} port ${port} hostname opensmtpd.${domain}
action "keep" maildir "${folder}/mail" virtual { "@" = "nobody" }
action "onward" relay helo "opensmtpd.${domain}" host ${relayUrl(next)}
match from any for rcpt-to "${refusedAt(domain)}" reject
match from any for domain "${domain}" action "keep"
match from any for any action "onward"
`

function relayUrl({ port, login, lmtp, address = LOOPBACK }: PeerOptions['next']): string {
  if (lmtp) return `lmtp://${address}:${port}`
  return login === undefined
    ? `smtp://${address}:${port}`
    : `smtp+tls://next@${address}:${port} tls no-verify auth <secrets>`
}
