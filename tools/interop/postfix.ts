import { chmodSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CERTIFICATE, command, KEY, PeerProcess } from '@cartero/testkit'
import { endOf, messagesIn } from './maildir.ts'
import { LARGEST, PUT_OFF, REFUSED, untilGreeted, type Peer, type PeerOptions } from './peer.ts'

/** Debian's Postfix under a folder of its own. */
export async function startPostfix(options: PeerOptions): Promise<Peer> {
  const { folder, port } = options
  const config = join(folder, 'etc')
  for (const name of ['etc', 'queue', 'data', 'mail']) mkdirSync(join(folder, name), { recursive: true })
  chmodSync(folder, 0o755)
  writeFileSync(join(config, 'certificate.pem'), CERTIFICATE)
  writeFileSync(join(config, 'key.pem'), KEY, { mode: 0o600 })
  writeFileSync(join(config, 'main.cf'), mainCf(options))
  writeFileSync(join(config, 'master.cf'), masterCf(port))
  // Postfix waits for two seconds while its configuration may still be being written.
  for (const name of ['main.cf', 'master.cf']) utimesSync(join(config, name), 0, 0)
  await makeQueue(join(folder, 'queue'))
  await must('chown', ['postfix', join(folder, 'data')])
  await must('chown', ['mail:mail', join(folder, 'mail')])
  const master = new PeerProcess('/usr/lib/postfix/sbin/master', ['-s', '-c', config], {
    MAIL_CONFIG: config,
  })
  const log = (): string => `${master.said}${endOf(join(folder, 'mail.log'))}`
  await untilGreeted(port, log, master)
  return {
    name: 'Postfix',
    port,
    log,
    received: async () => messagesIn(join(folder, 'mail/box')),
    [Symbol.asyncDispose]: () => master[Symbol.asyncDispose](),
  }
}

const QUEUES = [
  'active',
  'bounce',
  'corrupt',
  'defer',
  'deferred',
  'flush',
  'hold',
  'incoming',
  'saved',
  'trace',
]

/** The folders that `postfix check` would make in seconds. */
async function makeQueue(queue: string): Promise<void> {
  const paths = (...names: readonly string[]): readonly string[] => names.map((name) => join(queue, name))
  const open = paths('maildrop', 'public')
  const closed = paths(...QUEUES, 'private')
  for (const path of [...closed, ...open, ...paths('pid')]) mkdirSync(path)
  for (const path of closed) chmodSync(path, 0o700)
  chmodSync(join(queue, 'maildrop'), 0o730)
  chmodSync(join(queue, 'public'), 0o710)
  await must('chown', ['postfix', ...closed, ...open])
  await must('chgrp', ['postdrop', ...open])
}

async function must(program: string, args: readonly string[]): Promise<void> {
  const { code, stderr } = await command(program, args)
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}: ${stderr}`)
}

const mainCf = (options: PeerOptions): string => serverCf(options) + clientCf(options)

const serverCf = ({ folder }: PeerOptions): string => `
compatibility_level = 3.6
queue_directory = ${folder}/queue
data_directory = ${folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = postfix.peer.test
mydestination =
virtual_mailbox_domains = peer.test
virtual_mailbox_base = ${folder}/mail
virtual_mailbox_maps = static:box/
virtual_minimum_uid = 1
virtual_uid_maps = static:8
virtual_gid_maps = static:8
inet_interfaces = loopback-only
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_recipient_restrictions = check_recipient_access inline:{ {${REFUSED} = REJECT} {${PUT_OFF} = DEFER} }, permit_mynetworks, permit_auth_destination, reject
smtpd_authorized_xclient_hosts = 127.0.0.0/8
smtpd_authorized_xforward_hosts = 127.0.0.0/8
message_size_limit = ${LARGEST}
alias_maps =
alias_database =
maillog_file = ${folder}/mail.log
maillog_file_prefixes = /
smtputf8_enable = yes
smtpd_tls_security_level = may
smtpd_tls_cert_file = ${folder}/etc/certificate.pem
smtpd_tls_key_file = ${folder}/etc/key.pem
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
`

const clientCf = ({ next }: PeerOptions): string => `
smtp_host_lookup = native
smtp_dns_support_level = disabled
smtp_tls_security_level = ${next.login === undefined ? 'may' : 'encrypt'}
smtp_tls_loglevel = 1
smtp_sasl_auth_enable = ${next.login === undefined ? 'no' : 'yes'}
smtp_sasl_password_maps = ${next.login === undefined ? '' : `inline:{[127.0.0.1]:${next.port}=${next.login.user}:${next.login.password}}`}
smtp_sasl_security_options = noanonymous
${next.lmtp ? `default_transport = lmtp:inet:[127.0.0.1]:${next.port}` : `relayhost = [127.0.0.1]:${next.port}`}
queue_run_delay = 2s
minimal_backoff_time = 2s
maximal_backoff_time = 2s
`

const masterCf = (port: number): string => `
127.0.0.1:${port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`
