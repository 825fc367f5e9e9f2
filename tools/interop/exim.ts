import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CERTIFICATE, command, KEY, PeerProcess } from '@cartero/testkit'
import { endOf, messagesIn } from './maildir.ts'
import {
  DOMAIN,
  LARGEST,
  LOOPBACK,
  PEER_LOGIN,
  putOffAt,
  refusedAt,
  unpacked,
  untilGreeted,
  type Peer,
  type PeerOptions,
} from './peer.ts'

export const EXIM = unpacked('exim4-daemon-heavy/usr/sbin/exim4')

/** Said all the time and of no interest. */
const ROUTINE = /^.*(?:lost privilege for using -C option|(?:Start|End) queue run).*\n/gm

/** Debian's Exim, unpacked and not installed, under a folder of its own. It knows PEER_LOGIN. */
export async function startExim(options: PeerOptions): Promise<Peer> {
  const { folder, port, identity } = options
  for (const name of ['spool', 'log', 'mail']) mkdirSync(join(folder, name), { recursive: true })
  writeFileSync(join(folder, 'certificate.pem'), identity?.certificate ?? CERTIFICATE)
  writeFileSync(join(folder, 'key.pem'), identity?.key ?? KEY)
  writeFileSync(join(folder, 'exim.conf'), configuration(options))
  await command('chown', ['-R', 'Debian-exim:Debian-exim', folder])
  await command('chown', ['root:root', join(folder, 'exim.conf')])
  const daemon = new PeerProcess(EXIM!, ['-C', join(folder, 'exim.conf'), '-bdf', '-q1s'])
  const log = (): string => {
    const all = `${daemon.said}${endOf(join(folder, 'log/main.log'))}${endOf(join(folder, 'log/panic.log'))}`
    return all.replace(ROUTINE, '')
  }
  await untilGreeted(options, log, daemon)
  return {
    name: 'Exim',
    port,
    log,
    received: async () => messagesIn(join(folder, 'mail')),
    relent: () => writeFileSync(join(folder, 'relents'), ''),
    [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
  }
}

const configuration = (options: PeerOptions): string =>
  [main, routing, authenticators].map((part) => part(options)).join('\n')

const main = ({ folder, port, address = LOOPBACK, domain = DOMAIN }: PeerOptions): string => `
primary_hostname = exim.${domain}
exim_path = ${EXIM}
spool_directory = ${folder}/spool
log_file_path = ${folder}/log/%s.log
pid_file_path = ${folder}/exim.pid
local_interfaces = ${address}
daemon_smtp_ports = ${port}
tls_advertise_hosts = *
tls_certificate = ${folder}/certificate.pem
tls_privatekey = ${folder}/key.pem
chunking_advertise_hosts = *
smtputf8_advertise_hosts = *
dsn_advertise_hosts = *
pipelining_advertise_hosts = *
auth_advertise_hosts = *
accept_8bitmime = true
host_lookup =
rfc1413_query_timeout = 0s
keep_environment =
never_users =
trusted_users = root
acl_smtp_rcpt = rcpt
acl_smtp_data = accept
message_size_limit = ${LARGEST}
smtp_accept_max = 100
smtp_accept_queue_per_connection = 0
`

const routing = ({ folder, next, domain = DOMAIN }: PeerOptions): string => `
begin acl
rcpt:
  deny recipients = ${refusedAt(domain)}
  defer recipients = ${putOffAt(domain)}
    condition = \${if !exists{${folder}/relents}}
  accept
begin routers
kept:
  driver = accept
  domains = ${domain}
  transport = box
onward:
  driver = manualroute
  route_list = * ${next.address ?? LOOPBACK}::${next.port}
  self = send
  transport = onward

begin transports
box:
  driver = appendfile
  maildir_format
  directory = ${folder}/mail
  create_directory
  user = Debian-exim
onward:
  driver = smtp
  protocol = ${next.lmtp ? 'lmtp' : 'smtp'}
  port = ${next.port}
  allow_localhost
  hosts_try_chunking = *
  dnssec_request_domains =
  tls_verify_hosts =
  tls_try_verify_hosts =
${next.login === undefined ? '' : '  hosts_require_auth = *\n  hosts_require_tls = *\n'}
begin retry
* * F,1h,1s
`

const authenticators = ({ next }: PeerOptions): string => `
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = \${if and{{eq{$auth2}{${PEER_LOGIN.user}}}{eq{$auth3}{${PEER_LOGIN.password}}}}}
  server_set_id = $auth2
${next.login === undefined ? '' : `  client_send = ^${next.login.user}^${next.login.password}\n`}
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = <| Username: | Password:
  server_condition = \${if and{{eq{$auth1}{${PEER_LOGIN.user}}}{eq{$auth2}{${PEER_LOGIN.password}}}}}
  server_set_id = $auth1
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = \${if eq{$auth1}{${PEER_LOGIN.user}}{${PEER_LOGIN.password}}fail}
  server_set_id = $auth1
`
