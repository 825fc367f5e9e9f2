import type { CollectionEntry, DomainChange, DomainEntry } from '@cartero/directory-agent/agent'
import type { Command } from 'commander'

import { UsageError } from './exit-code.ts'
import { print, printRows, say } from './output.ts'
import { octetsOf, secondsOf } from './quantity-option.ts'
import { askSystem, withSystemOptions, type SystemOptions } from './reach-system.ts'
import { span } from './span.ts'

export function registerDomain(program: Command): void {
  const domain = program
    .command('domain')
    .description('domains that this system answers for')
    .addHelpText('after', EXAMPLES)
  withCollection(withSystemOptions(domain.command('add').description('answer for a domain')))
    .argument('<name>', 'for example example.org')
    .option('--catch-all <address>', 'who gets what nobody else does')
    .option('--postmaster <address>', 'who gets mail for postmaster and abuse (default: the first account)')
    .addHelpText('after', EXAMPLES)
    .action(add)
  withCollection(
    withSystemOptions(
      domain.command('set').description('change what is said of a domain; what is not named stays'),
    ),
  )
    .argument('<name>')
    .option('--catch-all <address>', 'who gets what nobody else does')
    .option('--no-catch-all', 'nobody does')
    .option('--postmaster <address>', 'who gets mail for postmaster and abuse')
    .option('--no-postmaster', 'the first account does')
    .option('--no-contact', 'nobody is told when much is waiting')
    .option('--not-collected', 'its mail is for mailboxes here')
    .addHelpText('after', EXAMPLES)
    .action(set)
  withSystemOptions(domain.command('list').description('list the domains')).action(list)
  withSystemOptions(
    domain.command('remove').description('answer for a domain no longer; its accounts must be gone'),
  )
    .argument('<name>')
    .action(remove)
}

const EXAMPLES = `
Examples:
  cartero domain add example.org                                  mail for mailboxes here
  cartero domain add home.test --collected-by fetch@example.org   mail that waits until its customer comes for it (ODMR)
  cartero domain set home.test --quota 1GB --keep 30d             how much of it waits, and how long
  cartero domain set home.test --contact tim@example.net          who is told when much is waiting
  cartero domain set home.test --not-collected                    mail for mailboxes here from now on

Of a domain that is collected every address is the customer's: its accounts, aliases, catch-all and postmaster have no effect on
mail until it is collected no longer. An account in it can be the one that collects: add the domain, then the account, and then say
--collected-by.
`

function withCollection(command: Command): Command {
  return command
    .option('--collected-by <address>', 'its mail waits until this account comes for it (ODMR)')
    .option('--quota <size>', 'how much may wait, such as 1GB, or default (for all customers the same)')
    .option(
      '--keep <time>',
      'how long it waits until it is given back, such as 30d, or default (for all customers the same)',
    )
    .option('--contact <address>', 'who is told when much is waiting; not in a domain whose mail waits')
}

interface DomainOptions {
  readonly catchAll?: string | false
  readonly postmaster?: string | false
  readonly collectedBy?: string
  readonly notCollected?: true
  readonly quota?: string
  readonly keep?: string
  readonly contact?: string | false
}

async function add(name: string, options: SystemOptions & DomainOptions): Promise<void> {
  const { collection, ...holders } = await changeOf(options)
  if (collection && collection.account === undefined)
    throw new UsageError('--quota, --keep and --contact are for mail that waits: say --collected-by, too')
  const domain = { name, catchAll: '', postmaster: '', ...holders }
  const collected = collection && { collection: { ...OF_ALL, ...collection, account: collection.account! } }
  await askSystem(options, (ask) => ask('domain.add', { ...domain, ...collected }))
  say(`added ${name}`)
  if (options.output === 'json') print(JSON.stringify({ ...domain, ...collected }))
}

const OF_ALL: Omit<CollectionEntry, 'account'> = { quota: 0, keepSeconds: 0, contact: '' }

async function set(name: string, options: SystemOptions & DomainOptions): Promise<void> {
  const change = await changeOf(options)
  if (Object.keys(change).length === 0) throw new UsageError('nothing was named that is to be changed')
  await askSystem(options, (ask) => ask('domain.set', { name, ...change }))
  say(`changed ${name}`)
  if (change.collection === null)
    say(
      'what waits already stays in the queue until its time is over; "cartero queue reroute" sends it elsewhere',
    )
  if (options.output === 'json') print(JSON.stringify({ name }))
}

async function changeOf(options: DomainOptions): Promise<Omit<DomainChange, 'name'>> {
  const { catchAll, postmaster, notCollected } = options
  const collection = await collectionOf(options)
  if (notCollected && collection)
    throw new UsageError('--not-collected contradicts what is said of mail that waits')
  return {
    ...(catchAll !== undefined && { catchAll: catchAll || '' }),
    ...(postmaster !== undefined && { postmaster: postmaster || '' }),
    ...(collection && { collection }),
    ...(notCollected && { collection: null }),
  }
}

async function collectionOf(options: DomainOptions): Promise<Partial<CollectionEntry> | undefined> {
  const { collectedBy, quota, keep, contact } = options
  const said = {
    ...(collectedBy !== undefined && { account: collectedBy }),
    ...(quota !== undefined && { quota: quota === 'default' ? 0 : await octetsOf('--quota', quota) }),
    ...(keep !== undefined && { keepSeconds: keep === 'default' ? 0 : await secondsOf('--keep', keep) }),
    ...(contact !== undefined && { contact: contact || '' }),
  }
  return Object.keys(said).length === 0 ? undefined : said
}

async function list(options: SystemOptions): Promise<void> {
  const domains = await askSystem(options, (ask) => ask('domain.list', undefined as never))
  printRows(domains, options.output, {
    DOMAIN: ({ name }) => name,
    'CATCH-ALL': ({ catchAll }) => catchAll,
    POSTMASTER: ({ postmaster }) => postmaster,
    ...(domains.some(({ collection }) => collection) && COLLECTION_COLUMNS),
  })
}

const COLLECTION_COLUMNS: Readonly<Record<string, (domain: DomainEntry) => string>> = {
  'COLLECTED BY': ({ collection }) => collection?.account ?? '',
  QUOTA: ({ collection }) => ofAllOr(collection?.quota, (quota) => `${quota} octets`),
  KEPT: ({ collection }) => ofAllOr(collection?.keepSeconds, (seconds) => span(seconds * 1_000)),
  CONTACT: ({ collection }) => collection?.contact ?? '',
}

/** @param quantity 0: as for all customers; undefined: of a domain that has none */
function ofAllOr(quantity: number | undefined, spelled: (quantity: number) => string): string {
  return quantity === undefined ? '' : quantity === 0 ? 'default' : spelled(quantity)
}

async function remove(name: string, options: SystemOptions): Promise<void> {
  await askSystem(options, (ask) => ask('domain.remove', { name }))
  say(`removed ${name}`)
  if (options.output === 'json') print(JSON.stringify({ name }))
}
