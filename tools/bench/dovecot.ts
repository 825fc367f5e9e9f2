import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { end, run, untilGreeted } from './processes.ts'
import { startPostfix } from './postfix.ts'
import type { BenchServer, StartOptions } from './server.ts'

/** Postfix that hands over by LMTP to a private Dovecot with maildir; IMAP shows what arrived. */
export async function startPostfixDovecot({ folder, port }: StartOptions): Promise<BenchServer> {
  const base = join(folder, 'dovecot')
  const [imapPort, lmtpPort] = [port + 1, port + 2]
  mkdirSync(join(base, 'mail'), { recursive: true })
  await run('chown', ['mail:mail', join(base, 'mail')])
  writeFileSync(join(base, 'dovecot.conf'), dovecotConf(base, imapPort, lmtpPort))
  const child = spawn('dovecot', ['-F', '-c', join(base, 'dovecot.conf')], { stdio: 'ignore' })
  await untilGreeted(imapPort)
  const postfix = await startPostfix({
    folder: join(folder, 'postfix'),
    port,
    transport: `lmtp:inet:127.0.0.1:${lmtpPort}`,
  })
  return {
    ...postfix,
    name: 'Postfix + Dovecot',
    imap: { port: imapPort, user: 'bench@bench.test', password: 'bench' },
    stop: async () => {
      await postfix.stop()
      await end(child)
    },
  }
}

const dovecotConf = (base: string, imapPort: number, lmtpPort: number): string => `
base_dir = ${base}/run
state_dir = ${base}/state
log_path = ${base}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
mail_location = maildir:${base}/mail/%u
mail_uid = mail
mail_gid = mail
first_valid_uid = 1
mail_fsync = optimized
default_internal_user = dovecot
default_login_user = dovenull
postmaster_address = postmaster@bench.test
passdb {
  driver = static
  args = password=bench
}
userdb {
  driver = static
  args = uid=mail gid=mail home=${base}/mail/%u
}
service imap-login {
  inet_listener imap {
    port = ${imapPort}
  }
  inet_listener imaps {
    port = 0
  }
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = ${lmtpPort}
  }
}
`
