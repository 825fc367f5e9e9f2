import type { Command } from 'commander'

import { print, printRows, say } from './output.ts'
import { askSystem, withSystemOptions, type SystemOptions } from './reach-system.ts'

export function registerAlias(program: Command): void {
  const alias = program.command('alias').description('addresses that lead to others')
  withSystemOptions(
    alias.command('add').description('let an address lead to others; replaces what it led to'),
  )
    .argument('<address>', 'for example info@example.org')
    .argument('<targets...>', 'accounts, other aliases, or addresses elsewhere')
    .action(add)
  withSystemOptions(alias.command('list').description('list the aliases'))
    .option('--domain <name>', 'only those of a domain', '')
    .action(list)
  withSystemOptions(alias.command('remove').description('remove an alias'))
    .argument('<address>')
    .action(remove)
}

async function add(address: string, targets: readonly string[], options: SystemOptions): Promise<void> {
  await askSystem(options, (ask) => ask('alias.add', { address, targets }))
  say(`${address} leads to ${targets.join(', ')}`)
  if (options.output === 'json') print(JSON.stringify({ address, targets }))
}

async function list(options: SystemOptions & { readonly domain: string }): Promise<void> {
  const aliases = await askSystem(options, (ask) => ask('alias.list', { domain: options.domain }))
  printRows(aliases, options.output, {
    ALIAS: ({ address }) => address,
    'LEADS TO': ({ targets }) => targets.join(', '),
  })
}

async function remove(address: string, options: SystemOptions): Promise<void> {
  await askSystem(options, (ask) => ask('alias.remove', { address }))
  say(`removed ${address}`)
  if (options.output === 'json') print(JSON.stringify({ address }))
}
