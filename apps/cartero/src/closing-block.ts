import type { ListenAddress } from '@cartero/agent/config'

import type { CarteroConfig } from './config.ts'
import type { DevAccounts } from './dev-accounts.ts'

/** What a development system is reached by. */
export interface DevSystem extends DevAccounts {
  readonly listen: CarteroConfig['listen']
  /** What becomes of mail for other hosts. */
  readonly relay: CarteroConfig['relay']['mode']
  /** The command that lists what waits, word by word. */
  readonly listing: readonly string[]
  readonly files: { readonly credentials: string; readonly certificate: string }
  /** From the start of the process until it served. */
  readonly milliseconds: number
}

/** What is told when everything serves: where, as whom, and what to try. */
export function closingBlock(system: DevSystem): string {
  const { listen, relay, listing, files, milliseconds } = system
  return `
Cartero is ready (${(milliseconds / 1000).toFixed(1)} s). Ctrl-C ends it.

  mail from outside   smtp://${reached(listen.mx)}
  submission          smtp://${reached(listen.submission)} (STARTTLS)   smtps://${reached(listen.submissions)}
  mail to outside     ${TO_OUTSIDE[relay]}${relay === 'hold' ? `: ${listing.map(shellWord).join(' ')}` : ''}
  reading             imap://${reached(listen.imap)} (STARTTLS)   imaps://${reached(listen.imaps)}
  health, metrics     http://${reached(listen.http)}/readyz?verbose   http://${reached(listen.http)}/metrics
  certificate         ${files.certificate} (self-signed)

${accountLines(system)}
${commandLines(system)}
`
}

const TO_OUTSIDE: Readonly<Record<DevSystem['relay'], string>> = {
  send: 'is sent (relay.mode)',
  hold: 'is held in the queue until you release it',
  refuse: 'is refused (relay.mode)',
}

function accountLines({ accounts, isNew, files }: DevSystem): string {
  if (!isNew) {
    const addresses = accounts.map(({ address }) => address).join(', ')
    return `  accounts            ${addresses}\n  passwords           in ${files.credentials}\n`
  }
  const lines = accounts.map(
    ({ address, password }) => `  account             ${address}   password ${password}`,
  )
  return `${lines.join('\n')}\n                      (shown once; kept in ${files.credentials})\n`
}

function commandLines(system: DevSystem): string {
  const { accounts, isNew, listen, files } = system
  const [alice, bob] = accounts
  if (alice === undefined || bob === undefined) return ''
  const [sends, reads] = [passwordWord(system, 0), passwordWord(system, 1)]
  const [submission, imaps] = [reached(listen.submission), reached(listen.imaps)]
  const certificate = shellWord(files.certificate)
  return `Try:
  swaks --server ${submission} --tls --auth PLAIN --auth-user ${alice.address} --auth-password ${sends} \
--from ${alice.address} --to ${bob.address} --header 'Subject: the first letter'
  curl --cacert ${certificate} --user ${bob.address}:${reads} 'imaps://${imaps}/INBOX;MAILINDEX=1'
  openssl s_client -quiet -crlf -CAfile ${certificate} -connect ${imaps}   # then: a login ${bob.address} ${isNew ? bob.password : '…'}`
}

/** Host and port as a client on this machine writes them; a door on every address is tried at home. */
function reached([door]: readonly ListenAddress[]): string {
  if (door === undefined) return '(closed)'
  const host = ['', '0.0.0.0', '::'].includes(door.host) ? '127.0.0.1' : door.host
  return host.includes(':') ? `[${host}]:${door.port}` : `${host}:${door.port}`
}

/** Later starts do not print passwords: the shell fetches them from the file. */
function passwordWord({ accounts, isNew, files }: DevSystem, index: number): string {
  if (isNew) return accounts[index]?.password ?? ''
  return `"$(node -p "require('${files.credentials}').accounts[${index}].password")"`
}

function shellWord(text: string): string {
  return /^[\w./@:+-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
