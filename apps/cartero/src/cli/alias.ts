import type { Command } from 'commander'

import { print, printRows, say, withOutput, type OutputFormat } from './output.ts'
import { askSystem, withSystem, type SystemSelection } from './reach-system.ts'

type Options = SystemSelection & { readonly output: OutputFormat }

export function registerAlias(program: Command): void {
  const alias = program.command('alias').description('addresses that lead to others')
  both(alias.command('add').description('let an address lead to others; replaces what it led to'))
    .argument('<address>', 'for example info@example.org')
    .argument('<targets...>', 'accounts or other aliases')
    .action(add)
  both(alias.command('list').description('list the aliases'))
    .option('--domain <name>', 'only those of a domain', '')
    .action(list)
  both(alias.command('remove').description('remove an alias')).argument('<address>').action(remove)
}

function both(command: Command): Command {
  return withOutput(withSystem(command))
}

async function add(address: string, targets: readonly string[], options: Options): Promise<void> {
  await askSystem(options, (ask) => ask('alias.add', { address, targets }))
  say(`${address} leads to ${targets.join(', ')}`)
  if (options.output === 'json') print(JSON.stringify({ address, targets }))
}

async function list(options: Options & { readonly domain: string }): Promise<void> {
  const aliases = await askSystem(options, (ask) => ask('alias.list', { domain: options.domain }))
  printRows(aliases, options.output, {
    ALIAS: ({ address }) => address,
    'LEADS TO': ({ targets }) => targets.join(', '),
  })
}

async function remove(address: string, options: Options): Promise<void> {
  await askSystem(options, (ask) => ask('alias.remove', { address }))
  say(`removed ${address}`)
  if (options.output === 'json') print(JSON.stringify({ address }))
}
