import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CERTIFICATE, command, KEY, type CommandResult } from '@cartero/testkit'
import { endOf, messagesIn } from './maildir.ts'
import { unpacked, type Peer } from './peer.ts'

/** A later Exim than Debian's stable one, with libraries of its own. */
export const EXIM_ATRN: string | undefined = unpacked('exim-atrn/exim')

export interface CollectingEximOptions {
  /** A folder that is not there yet, in one that other users may enter. */
  readonly folder: string
  /** Whose mail it keeps. */
  readonly domain: string
  readonly provider: {
    readonly port: number
    readonly user: string
    readonly password: string
    readonly mechanism: 'PLAIN' | 'CRAM-MD5'
    /** Who vouches for its certificate, as PEM. */
    readonly authorities: string
  }
}

/** An Exim without a daemon, that takes its mail where it is kept. */
export interface CollectingExim extends Pick<Peer, 'received' | 'log' | 'name' | 'port'>, AsyncDisposable {
  collect(domains: string): Promise<CommandResult>
}

/** Makes an Exim that is a customer (RFC 2645). Nothing runs until it is told to collect. */
export async function collectingExim(options: CollectingEximOptions): Promise<CollectingExim> {
  const { folder, provider } = options
  mkdirSync(folder)
  writeFileSync(join(folder, 'authorities.pem'), provider.authorities)
  await prepare(folder, customerConfiguration(options))
  return {
    name: 'Exim',
    port: 0,
    log: () => logOf(folder),
    received: async () => messagesIn(join(folder, 'mail')),
    collect: (domains) =>
      command(EXIM_ATRN!, ['-C', join(folder, 'exim.conf'), '-atrn', 'localhost', domains]),
    [Symbol.asyncDispose]: async () => {},
  }
}

const logOf = (folder: string): string =>
  `${endOf(join(folder, 'log/main.log'))}${endOf(join(folder, 'log/panic.log'))}`

async function prepare(folder: string, configuration: string): Promise<void> {
  for (const name of ['spool', 'log', 'mail']) mkdirSync(join(folder, name), { recursive: true })
  writeFileSync(join(folder, 'certificate.pem'), CERTIFICATE)
  writeFileSync(join(folder, 'key.pem'), KEY)
  writeFileSync(join(folder, 'exim.conf'), configuration)
  await command('chown', ['-R', 'Debian-exim:Debian-exim', folder])
  await command('chown', ['root:root', join(folder, 'exim.conf')])
}

const main = (folder: string, domain: string): string => `
primary_hostname = exim.${domain}
exim_path = ${EXIM_ATRN}
exim_user = Debian-exim
spool_directory = ${folder}/spool
log_file_path = ${folder}/log/%s.log
pid_file_path = ${folder}/exim.pid
tls_certificate = ${folder}/certificate.pem
tls_privatekey = ${folder}/key.pem
acl_smtp_rcpt = rcpt
acl_smtp_data = accept
host_lookup =
rfc1413_query_timeout = 0s
keep_environment =
never_users =
`

const customerConfiguration = ({ folder, domain, provider }: CollectingEximOptions): string => `
${main(folder, domain)}
begin acl
rcpt:
  accept domains = ${domain}
  deny
begin routers
provider:
  driver = manualroute
  condition = \${if eq {$atrn_mode}{C}}
  route_data = <;$domain
  self = send
  transport = provider
kept:
  driver = accept
  domains = ${domain}
  transport = box
begin transports
provider:
  driver = smtp
  port = ${provider.port}
  allow_localhost
  hosts_require_auth = *
  hosts_require_tls = *
  tls_verify_certificates = ${folder}/authorities.pem
  tls_verify_hosts = *
  dnssec_request_domains =
  command_timeout = 10m
box:
  driver = appendfile
  maildir_format
  directory = ${folder}/mail
  create_directory
  user = Debian-exim
begin authenticators
${provider.mechanism === 'PLAIN' ? clientPlain(provider) : clientCramMd5(provider)}
`

const clientPlain = ({ user, password }: CollectingEximOptions['provider']): string => `
plain:
  driver = plaintext
  public_name = PLAIN
  client_send = ^${user}^${password}
`

const clientCramMd5 = ({ user, password }: CollectingEximOptions['provider']): string => `
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  client_name = ${user}
  client_secret = ${password}
`
