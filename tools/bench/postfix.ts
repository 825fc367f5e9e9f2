import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run, untilGreeted } from './processes.ts'
import type { BenchServer, StartOptions } from './server.ts'

export interface PostfixOptions extends StartOptions {
  /** Where accepted mail goes: `discard:`, `lmtp:inet:127.0.0.1:port` or `smtp:[127.0.0.1]:port`. */
  readonly transport: string
}

/** A private Postfix of Debian's package: its own configuration, queue and data folder, one loopback port. */
export async function startPostfix(options: PostfixOptions): Promise<BenchServer> {
  const { folder, port } = options
  const config = join(folder, 'etc')
  for (const name of ['etc', 'queue', 'data']) mkdirSync(join(folder, name), { recursive: true })
  writeFileSync(join(config, 'main.cf'), mainCf(options))
  writeFileSync(join(config, 'master.cf'), masterCf(port))
  await run('chown', ['postfix', join(folder, 'data')])
  await run('chmod', ['755', folder])
  await run('postfix', ['-c', config, 'start'])
  await untilGreeted(port)
  const pid = Number(readFileSync(join(folder, 'queue/pid/master.pid'), 'latin1'))
  return {
    name: 'Postfix',
    smtpPort: port,
    recipient: 'bench@bench.test',
    pid,
    stop: async () => void (await run('postfix', ['-c', config, 'stop'])),
  }
}

const mainCf = ({ folder, transport }: PostfixOptions): string => `
compatibility_level = 3.6
queue_directory = ${folder}/queue
data_directory = ${folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = mail.bench.test
mydestination =
virtual_mailbox_domains = bench.test
virtual_transport = ${transport}
inet_interfaces = loopback-only
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
maillog_file = ${folder}/mail.log
maillog_file_prefixes = /
message_size_limit = 104857600
mailbox_size_limit = 0
default_process_limit = 300
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
lmtp_destination_concurrency_limit = 20
`

const masterCf = (port: number): string => `
127.0.0.1:${port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
smtp unix - - n - - smtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`
