import { chmodSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CERTIFICATE, command, KEY, PeerProcess } from '@cartero/testkit'
import { endOf, messagesIn } from './maildir.ts'
import {
  DOMAIN,
  LARGEST,
  LOOPBACK,
  putOffAt,
  refusedAt,
  untilGreeted,
  type Peer,
  type PeerOptions,
} from './peer.ts'

/** Debian's Postfix under a folder of its own. */
export async function startPostfix(options: PeerOptions): Promise<Peer> {
  const { folder, port, identity } = options
  const config = join(folder, 'etc')
  for (const name of ['etc', 'queue', 'data', 'mail']) mkdirSync(join(folder, name), { recursive: true })
  chmodSync(folder, 0o755)
  writeFileSync(join(config, 'certificate.pem'), identity?.certificate ?? CERTIFICATE)
  writeFileSync(join(config, 'key.pem'), identity?.key ?? KEY, { mode: 0o600 })
  writeFileSync(join(config, 'main.cf'), mainCf(options))
  writeFileSync(join(config, 'master.cf'), masterCf(options))
  // Postfix waits for two seconds while its configuration may still be being written.
  for (const name of ['main.cf', 'master.cf']) utimesSync(join(config, name), 0, 0)
  await makeQueue(join(folder, 'queue'))
  await must('chown', ['postfix', join(folder, 'data')])
  await must('chown', ['mail:mail', join(folder, 'mail')])
  const master = daemon(options, ['/usr/lib/postfix/sbin/master', '-s', '-c', config], config)
  const log = (): string => `${master.said}${endOf(join(folder, 'mail.log'))}`
  await untilGreeted(options, log, master)
  return {
    name: 'Postfix',
    port,
    log,
    received: async () => messagesIn(join(folder, 'mail/box')),
    [Symbol.asyncDispose]: () => master[Symbol.asyncDispose](),
  }
}

/** Its resolver reads /etc/resolv.conf and asks at port 53, whatever it is told; so it is given a file system of its own. */
const WITH_RESOLVER = 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"'

function daemon({ resolver }: PeerOptions, words: readonly string[], config: string): PeerProcess {
  const all =
    resolver === undefined
      ? words
      : ['unshare', '--mount', 'sh', '-c', WITH_RESOLVER, 'sh', resolver, ...words]
  return new PeerProcess(all[0]!, all.slice(1), { MAIL_CONFIG: config })
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

const serverCf = ({ folder, address = LOOPBACK, domain = DOMAIN }: PeerOptions): string => `
compatibility_level = 3.6
queue_directory = ${folder}/queue
data_directory = ${folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = postfix.${domain}
mydestination =
virtual_mailbox_domains = ${domain}
virtual_mailbox_base = ${folder}/mail
virtual_mailbox_maps = static:box/
virtual_minimum_uid = 1
virtual_uid_maps = static:8
virtual_gid_maps = static:8
inet_interfaces = loopback-only
smtp_bind_address = ${address}
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_recipient_restrictions = check_recipient_access inline:{ {${refusedAt(domain)} = REJECT} {${putOffAt(domain)} = DEFER} {nobody@${domain} = 550 5.1.1 unknown here} }, permit_mynetworks, permit_auth_destination, reject
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

const clientCf = (options: PeerOptions): string => `
${options.resolver === undefined ? onwardCf(options) : EVERYWHERE}
smtp_tls_loglevel = 1
queue_run_delay = 2s
minimal_backoff_time = 2s
maximal_backoff_time = 2s
`

const EVERYWHERE = `
smtp_host_lookup = dns
smtp_dns_support_level = dnssec
smtp_tls_security_level = dane
`

const onwardCf = ({ next: { address = LOOPBACK, port, login, lmtp } }: PeerOptions): string => `
smtp_host_lookup = native
smtp_dns_support_level = disabled
smtp_tls_security_level = ${login === undefined ? 'may' : 'encrypt'}
smtp_sasl_auth_enable = ${login === undefined ? 'no' : 'yes'}
smtp_sasl_password_maps = ${login === undefined ? '' : `inline:{[${address}]:${port}=${login.user}:${login.password}}`}
smtp_sasl_security_options = noanonymous
${lmtp ? `default_transport = lmtp:inet:[${address}]:${port}` : `relayhost = [${address}]:${port}`}
`

const masterCf = ({ port, address = LOOPBACK }: PeerOptions): string => `
${address}:${port} inet n - n - - smtpd
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
