import type { Command } from 'commander'

import type { AccountEntry } from '@cartero/directory-agent/agent'
import { UsageError } from './exit-code.ts'
import { print, printRows, say } from './output.ts'
import { octetsOf } from './quantity-option.ts'
import { choosePassword, confirm, withPassword, type PasswordOptions } from './password.ts'
import { askSystem, withSystemOptions, type SystemOptions } from './reach-system.ts'

const REVERSIBLE =
  'keep the password so that it can be read again, sealed: for old devices that know CRAM-MD5 only'

const CLEAR_CRAM_MD5 =
  'it may log in by CRAM-MD5 without TLS, as old customers of ODMR do: who listens can guess at the password; implies --reversible-secret'

export function registerAccount(program: Command): void {
  const account = program.command('account').description('people with a mailbox')
  withPassword(
    withSystemOptions(account.command('add').description('add an account; its address is the login name')),
  )
    .argument('<address>', 'for example you@example.org')
    .option('--quota <size>', 'how much it may keep, such as 5GB (default: no limit)')
    .option('--reversible-secret', REVERSIBLE)
    .option('--clear-cram-md5', CLEAR_CRAM_MD5)
    .addHelpText('after', EXAMPLES)
    .action(add)
  withSystemOptions(
    account.command('set').description('change what is said of an account; what is not named stays'),
  )
    .argument('<address>')
    .option('--quota <size>', 'how much it may keep, such as 5GB, or none')
    .option('--disable', 'it may neither log in nor receive')
    .option('--enable', 'it may again')
    .option('--reversible-secret', REVERSIBLE)
    .option('--no-reversible-secret', 'forget the password that can be read again')
    .option('--clear-cram-md5', CLEAR_CRAM_MD5)
    .option('--no-clear-cram-md5', 'it may log in so no longer')
    .option(
      '--certificate <fingerprint...>',
      'SHA-256 of certificates whose holder it is (EXTERNAL); they replace others',
    )
    .option('--no-certificate', 'no certificate is its own')
    .action(set)
  withSystemOptions(account.command('list').description('list the accounts'))
    .option('--domain <name>', 'only those of a domain', '')
    .action(list)
  withPassword(withSystemOptions(account.command('passwd').description('give an account another password')))
    .argument('<address>')
    .action(passwd)
  withSystemOptions(account.command('remove').description('remove an account and all its mail'))
    .argument('<address>')
    .option('--keep-mail', 'leave its mailboxes where they are')
    .option('--yes', 'do not ask')
    .action(remove)
}

const EXAMPLES = `
Examples:
  cartero account add tim@example.org --quota 5GB                 somebody with a mailbox
  cartero account add fetch@home.test --clear-cram-md5            a customer whose fetchmail knows no TLS for ODMR
`

type NewAccountOptions = Pick<Changes, 'quota'> & {
  readonly reversibleSecret?: true
  readonly clearCramMd5?: true
}

async function add(
  address: string,
  options: SystemOptions & PasswordOptions & NewAccountOptions,
): Promise<void> {
  const quota = options.quota === undefined ? 0 : await octetsOf('--quota', options.quota)
  const password = await choosePassword(address, options)
  await askSystem(options, (ask) =>
    ask('account.add', {
      address,
      disabled: false,
      quota,
      password: password.text,
      ...proofsOf(options),
    }),
  )
  say(`added ${address}`)
  if (options.clearCramMd5) say(IN_THE_CLEAR)
  tellPassword(address, password, options)
}

const IN_THE_CLEAR =
  'warning: its password is kept so that it can be read again, and without TLS whoever listens can guess at it as often as he likes, and ' +
  'reads the mail: give it a long password of its own, and take this back with --no-clear-cram-md5 as soon as TLS is possible'

interface Changes {
  readonly quota?: string
  readonly disable?: true
  readonly enable?: true
  readonly reversibleSecret?: boolean
  readonly clearCramMd5?: boolean
  readonly certificate?: readonly string[] | false
}

async function set(address: string, options: SystemOptions & Changes): Promise<void> {
  const change = await changeOf(options)
  if (Object.keys(change).length === 0) throw new UsageError('nothing was named that is to be changed')
  await askSystem(options, (ask) => ask('account.set', { address, ...change }))
  say(`changed ${address}`)
  if (change.reversibleSecret === true)
    say('its password is kept from the next login by password on, or from "cartero account passwd"')
  if (change.clearCramMd5 === true) say(IN_THE_CLEAR)
  if (options.output === 'json') print(JSON.stringify({ address }))
}

/** CRAM-MD5 without TLS needs what CRAM-MD5 needs. */
function proofsOf({
  reversibleSecret,
  clearCramMd5,
}: Pick<Changes, 'reversibleSecret' | 'clearCramMd5'>): Pick<
  AccountEntry,
  'reversibleSecret' | 'clearCramMd5'
> {
  if (clearCramMd5 && reversibleSecret === false)
    throw new UsageError('--clear-cram-md5 needs a reversible secret')
  return {
    ...((reversibleSecret !== undefined || clearCramMd5) && {
      reversibleSecret: reversibleSecret ?? true,
    }),
    ...(clearCramMd5 !== undefined && { clearCramMd5 }),
  }
}

async function changeOf(options: Changes): Promise<Partial<AccountEntry>> {
  const { quota, disable, enable, certificate } = options
  if (disable && enable) throw new UsageError('--disable and --enable contradict each other')
  return {
    ...(quota !== undefined && { quota: quota === 'none' ? 0 : await octetsOf('--quota', quota) }),
    ...((disable || enable) && { disabled: disable === true }),
    ...proofsOf(options),
    ...(certificate !== undefined && { certificates: certificate || [] }),
  }
}

async function list(options: SystemOptions & { readonly domain: string }): Promise<void> {
  const accounts = await askSystem(options, (ask) => ask('account.list', { domain: options.domain }))
  printRows(accounts, options.output, {
    ACCOUNT: ({ address }) => address,
    QUOTA: ({ quota }) => (quota === 0 ? 'no limit' : `${quota} octets`),
    STATE: ({ disabled }) => (disabled ? 'disabled' : 'active'),
    ...(accounts.some(({ reversibleSecret }) => reversibleSecret) && { 'CRAM-MD5': cramMd5 }),
  })
}

function cramMd5({ reversibleSecret, clearCramMd5 }: AccountEntry): string {
  if (!reversibleSecret) return ''
  return clearCramMd5 ? 'without TLS, too' : 'yes'
}

async function passwd(address: string, options: SystemOptions & PasswordOptions): Promise<void> {
  const password = await choosePassword(address, options)
  await askSystem(options, (ask) => ask('account.passwd', { address, password: password.text }))
  say(`${address} has a new password`)
  tellPassword(address, password, options)
}

async function remove(
  address: string,
  options: SystemOptions & { readonly keepMail?: boolean; readonly yes?: boolean },
): Promise<void> {
  const keepMail = options.keepMail === true
  const consequence = keepMail ? `Remove ${address}?` : `Remove ${address} and all its mail?`
  if (options.yes !== true && !(await confirm(consequence))) throw new UsageError(`${address} was left alone`)
  await askSystem(options, (ask) => ask('account.remove', { address, keepMail }))
  say(`removed ${address}${keepMail ? '; its mail was kept' : ' and its mail'}`)
  if (options.output === 'json') print(JSON.stringify({ address }))
}

/** A password that was made up is data: it is printed this once. */
function tellPassword(
  address: string,
  password: { readonly text: string; readonly isGenerated: boolean },
  { output }: SystemOptions,
): void {
  const shown = password.isGenerated ? { address, password: password.text } : { address }
  if (output === 'json') return print(JSON.stringify(shown))
  if (password.isGenerated) print(`password: ${password.text}`)
}
