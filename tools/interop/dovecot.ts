import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { command, lacks, PeerProcess } from '@cartero/testkit'
import { endOf, messagesIn } from './maildir.ts'
import { untilGreeted, type Peer } from './peer.ts'

/** For a test's `skip`: false where it can be started, else why not. */
export const DOVECOT_LACKS: string | false =
  lacks('doveadm', 'dovecot-core') || lacks('dovecot', 'dovecot-lmtpd')

/** Debian's Dovecot under a folder of its own: an LMTP door, and mailboxes for everybody but `nobody`. */
export async function startDovecot(folder: string, address: string, port: number): Promise<Peer> {
  mkdirSync(join(folder, 'mail'), { recursive: true })
  await command('chown', ['mail:mail', join(folder, 'mail')])
  writeFileSync(join(folder, 'users'), 'archive@dovecot.test:{PLAIN}none:8:8::::\n')
  writeFileSync(join(folder, 'dovecot.conf'), configuration(folder, address, port))
  const daemon = new PeerProcess('dovecot', ['-F', '-c', join(folder, 'dovecot.conf')])
  const log = (): string => `${daemon.said}${endOf(join(folder, 'dovecot.log'))}`
  await untilGreeted({ address, port }, log, daemon)
  return {
    name: 'Dovecot',
    address,
    port,
    log,
    received: async () => messagesIn(join(folder, 'mail/archive@dovecot.test')),
    [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
  }
}

const configuration = (folder: string, address: string, port: number): string => `
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${folder}/dovecot.log
protocols = lmtp
listen = ${address}
ssl = no
mail_location = maildir:${folder}/mail/%u
first_valid_uid = 1
mail_fsync = never
postmaster_address = postmaster@dovecot.test
passdb {
  driver = passwd-file
  args = ${folder}/users
}
userdb {
  driver = passwd-file
  args = ${folder}/users
}
service lmtp {
  inet_listener lmtp {
    address = ${address}
    port = ${port}
  }
}
`
