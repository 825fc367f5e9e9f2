import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { command } from '@cartero/testkit'
import { messagesIn } from './maildir.ts'
import { unpacked, untilGreeted, type Peer, type PeerOptions } from './peer.ts'

export const OPENSMTPD = unpacked('opensmtpd/usr/sbin/smtpd')

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
  const child = spawn(OPENSMTPD!, ['-d', '-f', join(folder, 'smtpd.conf')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  child.stdout.on('data', (bytes: Buffer) => (said += bytes.toString()))
  child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()))
  const log = (): string => said.slice(-6_000)
  await untilGreeted(port, log).catch((error: unknown) => {
    child.kill()
    throw error
  })
  return {
    name: 'OpenSMTPD',
    port,
    log,
    received: async () => messagesIn(join(folder, 'mail')),
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null) return
      child.kill()
      await once(child, 'exit')
    },
  }
}

const secretOf = ({ next }: PeerOptions): string =>
  next.login === undefined ? '' : `next ${next.login.user}:${next.login.password}\n`

const configuration = ({ folder, port, next }: PeerOptions): string => `
table secrets file:${folder}/secrets
listen on 127.0.0.1 port ${port} hostname opensmtpd.peer.test
action "keep" maildir "${folder}/mail" virtual { "@" = "nobody" }
action "onward" relay host ${relayUrl(next)}
match from any for domain "peer.test" action "keep"
match from any for any action "onward"
`

function relayUrl({ port, login, lmtp }: PeerOptions['next']): string {
  if (lmtp) return `lmtp://127.0.0.1:${port}`
  return login === undefined ? `smtp://127.0.0.1:${port}` : `smtp+tls://next@127.0.0.1:${port} auth <secrets>`
}
