import type { Credential } from './credentials-file.ts'

/** What a development system is reached by. */
export interface DevSystem {
  /** The address to connect to. */
  readonly host: string
  readonly ports: {
    readonly mx: number
    readonly submission: number
    readonly submissions: number
    readonly imap: number
    readonly imaps: number
    readonly http: number
  }
  readonly accounts: readonly Credential[]
  /** Passwords are shown at the first start only. */
  readonly showPasswords: boolean
  readonly credentialsFile: string
  readonly certificateFile: string
  readonly milliseconds: number
}

/** What is told when everything serves: where, as whom, and what to try. */
export function closingBlock(system: DevSystem): string {
  const { host, ports, milliseconds } = system
  const at = host.includes(':') ? `[${host}]` : host
  return `
Cartero is ready (${(milliseconds / 1000).toFixed(1)} s). Ctrl-C ends it.

  mail from outside   smtp://${at}:${ports.mx}
  submission          smtp://${at}:${ports.submission} (STARTTLS)   smtps://${at}:${ports.submissions}
  reading             imap://${at}:${ports.imap} (STARTTLS)   imaps://${at}:${ports.imaps}
  health, metrics     http://${at}:${ports.http}/readyz?verbose   http://${at}:${ports.http}/metrics
  certificate         ${system.certificateFile} (self-signed)

${accountLines(system)}
${commandLines(system, at)}
`
}

function accountLines({ accounts, showPasswords, credentialsFile }: DevSystem): string {
  if (!showPasswords)
    return `  accounts            ${accounts.map(({ address }) => address).join(', ')}\n  passwords           in ${credentialsFile}\n`
  const lines = accounts.map(
    ({ address, password }) => `  account             ${address}   password ${password}`,
  )
  return `${lines.join('\n')}\n                      (shown once; kept in ${credentialsFile})\n`
}

function commandLines(system: DevSystem, at: string): string {
  const [alice, bob] = system.accounts
  if (alice === undefined || bob === undefined) return ''
  const { ports, certificateFile } = system
  const [sends, reads] = [passwordWord(system, 0), passwordWord(system, 1)]
  const login = system.showPasswords ? `a login ${bob.address} ${bob.password}` : `a login ${bob.address} …`
  return `Try:
  swaks --server ${at} --port ${ports.submission} --tls --auth PLAIN --auth-user ${alice.address} --auth-password ${sends} \
--from ${alice.address} --to ${bob.address} --header 'Subject: the first letter'
  curl --cacert ${shellWord(certificateFile)} --user ${bob.address}:${reads} 'imaps://${at}:${ports.imaps}/INBOX;MAILINDEX=1'
  openssl s_client -quiet -crlf -CAfile ${shellWord(certificateFile)} -connect ${at}:${ports.imaps}   # then: ${login}`
}

/** Later starts do not print passwords: the shell fetches them from the file. */
function passwordWord({ accounts, showPasswords, credentialsFile }: DevSystem, index: number): string {
  if (showPasswords) return accounts[index]?.password ?? ''
  return `"$(node -p "require('${credentialsFile}').accounts[${index}].password")"`
}

function shellWord(text: string): string {
  return /^[\w./@:+-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
