import type { Command } from 'commander'

import type { AccountEntry } from '@cartero/directory-agent/agent'
import { UsageError } from './exit-code.ts'
import { print, printRows, say } from './output.ts'
import { choosePassword, confirm, withPassword, type PasswordOptions } from './password.ts'
import { askSystem, withSystemOptions, type SystemOptions } from './reach-system.ts'

const REVERSIBLE =
  'keep the password so that it can be read again, sealed: for old devices that know CRAM-MD5 only'

export function registerAccount(program: Command): void {
  const account = program.command('account').description('people with a mailbox')
  withPassword(
    withSystemOptions(account.command('add').description('add an account; its address is the login name')),
  )
    .argument('<address>', 'for example you@example.org')
    .option('--quota <size>', 'how much it may keep, such as 5GB (default: no limit)')
    .option('--reversible-secret', REVERSIBLE)
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

async function add(
  address: string,
  options: SystemOptions & PasswordOptions & { readonly quota?: string; readonly reversibleSecret?: true },
): Promise<void> {
  const quota = await quotaOf(options.quota)
  const password = await choosePassword(address, options)
  await askSystem(options, (ask) =>
    ask('account.add', {
      address,
      disabled: false,
      quota,
      password: password.text,
      ...(options.reversibleSecret && { reversibleSecret: true }),
    }),
  )
  say(`added ${address}`)
  tellPassword(address, password, options)
}

interface Changes {
  readonly quota?: string
  readonly disable?: true
  readonly enable?: true
  readonly reversibleSecret?: boolean
  readonly certificate?: readonly string[] | false
}

async function set(address: string, options: SystemOptions & Changes): Promise<void> {
  const change = await changeOf(options)
  if (Object.keys(change).length === 0) throw new UsageError('nothing was named that is to be changed')
  await askSystem(options, (ask) => ask('account.set', { address, ...change }))
  say(`changed ${address}`)
  if (change.reversibleSecret === true)
    say('its password is kept from the next login by password on, or from "cartero account passwd"')
  if (options.output === 'json') print(JSON.stringify({ address }))
}

async function changeOf(options: Changes): Promise<Partial<AccountEntry>> {
  const { quota, disable, enable, reversibleSecret, certificate } = options
  if (disable && enable) throw new UsageError('--disable and --enable contradict each other')
  return {
    ...(quota !== undefined && { quota: quota === 'none' ? 0 : await quotaOf(quota) }),
    ...((disable || enable) && { disabled: disable === true }),
    ...(reversibleSecret !== undefined && { reversibleSecret }),
    ...(certificate !== undefined && { certificates: certificate || [] }),
  }
}

async function list(options: SystemOptions & { readonly domain: string }): Promise<void> {
  const accounts = await askSystem(options, (ask) => ask('account.list', { domain: options.domain }))
  printRows(accounts, options.output, {
    ACCOUNT: ({ address }) => address,
    QUOTA: ({ quota }) => (quota === 0 ? 'no limit' : `${quota} octets`),
    STATE: ({ disabled }) => (disabled ? 'disabled' : 'active'),
  })
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

async function quotaOf(size: string | undefined): Promise<number> {
  if (size === undefined) return 0
  const { bytes } = await import('@cartero/agent/config')
  const type = bytes({ min: '1MB', max: '1000000GB' })
  const parsed = type.schema.safeParse(size)
  if (parsed.success) return parsed.data
  throw new UsageError(`--quota takes ${type.expected}, not '${size}'`)
}
