import type { ListenAddress } from '@cartero/agent/config'

import type { CarteroConfig } from './config.ts'
import type { Credential } from './credentials-file.ts'
import type { DevAccounts } from './dev-accounts.ts'

/** What a development system is reached by. */
export interface DevSystem extends DevAccounts {
  readonly listen: CarteroConfig['listen']
  /** What becomes of mail for other hosts. */
  readonly relay: CarteroConfig['relay']['mode']
  /** Commands that tell what waits, word by word: of all, and for whom. */
  readonly commands: { readonly listing: readonly string[]; readonly customers: readonly string[] }
  readonly files: { readonly credentials: string; readonly certificate: string }
  /** From the start of the process until it served. */
  readonly milliseconds: number
}

/** What is told when everything serves: where, as whom, and what to try. */
export function closingBlock(system: DevSystem): string {
  const { listen, relay, commands, files, milliseconds } = system
  return `
Cartero is ready (${(milliseconds / 1000).toFixed(1)} s). Ctrl-C ends it.

  mail from outside   smtp://${reached(listen.mx)}
  submission          smtp://${reached(listen.submission)} (STARTTLS)   smtps://${reached(listen.submissions)}
  mail to outside     ${TO_OUTSIDE[relay]}${relay === 'hold' ? `: ${shellLine(commands.listing)}` : ''}
  reading             imap://${reached(listen.imap)} (STARTTLS)   imaps://${reached(listen.imaps)}
  mail for customers  ${reached(listen.odmr)} (ODMR, STARTTLS)   ${reached(listen.odmrs)} (ODMR under TLS)
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

function accountLines({ accounts, odmr, added, files }: DevSystem): string {
  const isNew = ({ address }: Credential): boolean => added.includes(address)
  const shown = [
    ...accounts
      .filter(isNew)
      .map(({ address, password }) => `  account             ${address}   password ${password}`),
    ...odmr
      .filter(isNew)
      .map(
        ({ domain, ...by }) => `  customer            ${domain} as ${by.address}   password ${by.password}`,
      ),
  ]
  const addresses = accounts.filter((account) => !isNew(account)).map(({ address }) => address)
  const customers = odmr
    .filter((customer) => !isNew(customer))
    .map(({ domain, address }) => `${domain} as ${address}`)
  const known = [
    ...(addresses.length > 0 ? [`  accounts            ${addresses.join(', ')}`] : []),
    ...(customers.length > 0 ? [`  customers           ${customers.join(', ')}`] : []),
  ]
  const kept =
    shown.length > 0
      ? `                      (shown once; kept in ${files.credentials})`
      : `  passwords           in ${files.credentials}`
  return `${[...known, ...shown, kept].join('\n')}\n`
}

function commandLines(system: DevSystem): string {
  const { accounts, odmr, listen, files } = system
  const [alice, bob] = accounts
  if (alice === undefined || bob === undefined) return ''
  const word = (place: string, by: Credential): string => passwordWord(system, place, by)
  const [sends, reads] = [word('accounts[0]', alice), word('accounts[1]', bob)]
  const [submission, imaps] = [reached(listen.submission), reached(listen.imaps)]
  const certificate = shellWord(files.certificate)
  const typed = system.added.includes(bob.address) ? bob.password : '…'
  return `Try:
  swaks --server ${submission} --tls --auth PLAIN --auth-user ${alice.address} --auth-password ${sends} \
--from ${alice.address} --to ${bob.address} --header 'Subject: the first letter'
  curl --cacert ${certificate} --user ${bob.address}:${reads} 'imaps://${imaps}/INBOX;MAILINDEX=1'
  openssl s_client -quiet -crlf -CAfile ${certificate} -connect ${imaps}   # then: a login ${bob.address} ${typed}${customerLines(system, odmr)}`
}

/** Mail for the customer, and how it is seen that he can come for it. */
function customerLines({ listen, files, added, commands }: DevSystem, [customer]: DevSystem['odmr']): string {
  if (customer === undefined || listen.odmrs.length === 0) return ''
  const { domain, address, password } = customer
  const plain = Buffer.from(`\0${address}\0${password}`).toString('base64')
  return `
  swaks --server ${reached(listen.mx)} --from somebody@elsewhere.test --to anybody@${domain}   # it waits: ${shellLine(commands.customers)}
  openssl s_client -quiet -crlf -CAfile ${shellWord(files.certificate)} -connect ${reached(listen.odmrs)}   \
# then: EHLO ${domain}, AUTH PLAIN ${added.includes(address) ? plain : '…'}, ATRN ${domain}; after 250 you are the server: 220 …`
}

/** Host and port as a client on this machine writes them; a door on every address is tried at home. */
function reached([door]: readonly ListenAddress[]): string {
  if (door === undefined) return '(closed)'
  const host = hostOf(door)
  return host.includes(':') ? `[${host}]:${door.port}` : `${host}:${door.port}`
}

function hostOf({ host }: ListenAddress): string {
  return ['', '0.0.0.0', '::'].includes(host) ? '127.0.0.1' : host
}

/** Later starts do not print passwords: the shell fetches them from the file. */
function passwordWord({ added, files }: DevSystem, place: string, { address, password }: Credential): string {
  if (added.includes(address)) return password
  return `"$(node -p "require('${files.credentials}').${place}.password")"`
}

const shellLine = (words: readonly string[]): string => words.map(shellWord).join(' ')

function shellWord(text: string): string {
  return /^[\w./@:+-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
