import { callControl } from '@cartero/agent/admin'
import { parseDomain } from '@cartero/syntax'
import type { Command } from 'commander'

import type { NewCustomer } from '../customers.ts'
import { CUSTOMERS, type CustomersReport, type WaitingCustomer } from '../odmr-report.ts'
import { UsageError } from './exit-code.ts'
import { homeGuide } from './odmr-guide.ts'
import { print, printJson, printRows, say } from './output.ts'
import { choosePassword, confirm, withPassword, type PasswordOptions } from './password.ts'
import { octetsOf, secondsOf } from './quantity-option.ts'
import { askSystem, reachSystem, withSystemOptions, type Ask, type SystemOptions } from './reach-system.ts'
import { deliveries, shortSize, span } from './span.ts'

export function registerCustomers(odmr: Command): void {
  withSystemOptions(odmr.command('list').description('customers, and what waits for them')).action(list)
  withPassword(
    withSystemOptions(
      odmr.command('add').description('let the mail of a domain wait until its customer comes for it'),
    ),
  )
    .argument('<domain>', 'for example home.example.org; it is made when it is not ours yet')
    .option(
      '--account <address>',
      'who comes for it (default: fetch@<domain>); made when it is not there yet',
    )
    .option('--quota <size>', 'how much may wait, such as 5GB (default: odmr.quota)')
    .option('--keep <time>', 'how long it waits before it is given back, such as 10d (default: odmr.keep)')
    .option('--contact <address>', 'who is told when much waits')
    .option(
      '--clear-cram-md5',
      'the account may use CRAM-MD5 without TLS, for clients such as fetchmail: whoever listens can read the mail and guess at the password',
    )
    .option('--yes', 'do not ask, though the domain has mailboxes here')
    .action(add)
  withSystemOptions(
    odmr.command('remove').description('let mail of a domain wait no longer; domain and account stay'),
  )
    .argument('<domain>')
    .option('--yes', 'do not ask')
    .action(remove)
}

async function list(options: SystemOptions): Promise<void> {
  const report = await reportOf(options)
  if (options.output === 'json') return printJson(report.customers)
  const now = Date.now()
  printRows(report.customers, 'table', {
    DOMAIN: ({ domain }) => domain,
    CUSTOMER: ({ account }) => (account === '' ? '(nobody any more)' : account),
    WAITING: (customer) => String(customer.deliveries),
    OCTETS: ({ octets }) => shortSize(octets),
    QUOTA: (customer) => `${shareOf(customer)}% of ${shortSize(customer.quota)}`,
    OLDEST: (customer) => ageOf(customer, now),
    'LAST FETCHED': ({ lastTurn }) => (lastTurn === undefined ? '' : `${span(now - lastTurn.at)} ago`),
    'GIVEN BACK AFTER': ({ keepSeconds }) => span(keepSeconds * 1_000),
    CONTACT: ({ contact }) => contact,
  })
  if (report.customers.length === 0) say('there are no customers: "cartero odmr add" makes one')
  else tellDoor(report)
}

const HOUR_MS = 3_600_000

/** The hour is all that is known of it. */
function ageOf({ oldest }: WaitingCustomer, now: number): string {
  if (oldest === undefined) return ''
  return now - oldest < 2 * HOUR_MS ? '<2h' : span(now - oldest - HOUR_MS)
}

function shareOf({ octets, quota }: WaitingCustomer): number {
  return Math.floor((octets / quota) * 100)
}

function tellDoor({ port, tlsPort }: CustomersReport): void {
  if (port === undefined && tlsPort === undefined)
    say('no door is open for customers: set listen.odmr, usually to ":366"')
}

type AddOptions = SystemOptions &
  PasswordOptions & {
    readonly account?: string
    readonly quota?: string
    readonly keep?: string
    readonly contact?: string
    readonly clearCramMd5?: true
    readonly yes?: true
  }

async function add(domain: string, options: AddOptions): Promise<void> {
  const name = parseDomain(domain) ?? domain
  const address = (options.account ?? `fetch@${name}`).toLowerCase()
  const customer = await customerOf(name, address, options)
  const password = await askSystem(options, async (ask) => {
    await mailboxesAreMeant(ask, name, address, options)
    const isThere = (await ask('account.list', { domain: '' })).some((account) => account.address === address)
    const chosen = isThere ? undefined : await choosePassword(address, options)
    await ask('odmr.add', { ...customer, ...(chosen && { password: chosen.text }) })
    return chosen
  })
  const report = await reportOf({ ...options, isQuiet: true })
  const made = password?.isGenerated ? { password: password.text } : {}
  if (options.output === 'json') return printJson({ domain: name, account: address, ...made })
  say(`mail for ${name} waits for ${address}`)
  if (password?.isGenerated) print(`password: ${password.text}`)
  tellDoor(report)
  say(homeGuide({ domain: name, account: address, ...report }))
}

async function customerOf(
  domain: string,
  account: string,
  { quota, keep, contact, clearCramMd5 }: AddOptions,
): Promise<NewCustomer> {
  return {
    domain,
    account,
    ...(quota !== undefined && { quota: await octetsOf('--quota', quota) }),
    ...(keep !== undefined && { keepSeconds: await secondsOf('--keep', keep) }),
    ...(contact !== undefined && { contact }),
    ...(clearCramMd5 && { clearCramMd5 }),
  }
}

/** Whoever has a mailbox in the domain gets nothing there any more. Throws UsageError when that is not meant. */
async function mailboxesAreMeant(
  ask: Ask,
  domain: string,
  customer: string,
  { yes }: AddOptions,
): Promise<void> {
  const accounts = await ask('account.list', { domain })
  const others = accounts.filter(({ address }) => address !== customer).length
  if (others === 0 || yes) return
  const what = `${others} ${others === 1 ? 'account' : 'accounts'} in ${domain} would get no mail here any more, for all of it waits`
  if (!process.stdin.isTTY) throw new UsageError(`${what}; nothing was changed, say --yes to go on`)
  if (!(await confirm(`${what}. Go on?`))) throw new UsageError('nothing was changed')
}

async function remove(domain: string, options: SystemOptions & { readonly yes?: true }): Promise<void> {
  const name = parseDomain(domain) ?? domain
  const { customers } = await reportOf(options)
  const waiting = customers.find((customer) => customer.domain === name)?.deliveries ?? 0
  const question = `${deliveries(waiting)} for ${name} would wait for nobody. Go on?`
  if (waiting > 0 && options.yes !== true && !(await confirm(question)))
    throw new UsageError(`${name} was left alone`)
  await askSystem({ ...options, isQuiet: true }, (ask) => ask('odmr.remove', { domain: name }))
  say(`mail for ${name} is for its mailboxes here from now on; domain and account stay`)
  if (waiting > 0)
    say(
      `${deliveries(waiting)} still ${waiting === 1 ? 'waits' : 'wait'}: "cartero queue bounce --customer ${name}" gives back, ` +
        `"cartero queue reroute --customer ${name}" sends on`,
    )
  if (options.output === 'json') print(JSON.stringify({ domain: name }))
}

/** Milliseconds that an answer about customers may take. */
const PATIENCE = 60_000

/** Of a running system, or of the files of a stopped one. */
function reportOf(options: SystemOptions): Promise<CustomersReport> {
  return reachSystem(options, {
    running: async ({ controlSocket }) =>
      (await callControl(controlSocket, CUSTOMERS, null, AbortSignal.timeout(PATIENCE))) as CustomersReport,
    stopped: async (data, config) => {
      const { openStoppedQueue } = await import('../stopped-queue.ts')
      const { openStoppedSystem } = await import('../stopped-system.ts')
      const { reportCustomers } = await import('../odmr-verbs.ts')
      const { openJournalReader } = await import('@cartero/journey/segments')
      await using queue = await openStoppedQueue(data, config)
      await using system = await openStoppedSystem(data, config.directory)
      const journal = await openJournalReader({ directory: data.journey, keepFor: config.journey.keep })
      const stores = { config, directory: system.directory, spool: queue.spool, journal }
      return await reportCustomers(stores, AbortSignal.timeout(PATIENCE))
    },
  })
}
