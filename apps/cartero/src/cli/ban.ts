import type { Command } from 'commander'

import { print, printRows, say, withOutput, type OutputFormat } from './output.ts'
import { askSystem, withSystem, type SystemSelection } from './reach-system.ts'

type Options = SystemSelection & { readonly output: OutputFormat }

export function registerBan(program: Command): void {
  const ban = program
    .command('ban')
    .description('addresses that are turned away because they guessed at passwords')
  both(ban.command('list').description('list the bans in force')).action(list)
  both(ban.command('lift').description('forgive an address'))
    .argument('<address>', 'as the list names it, or any address of an IPv6 network in it')
    .action(lift)
}

function both(command: Command): Command {
  return withOutput(withSystem(command))
}

async function list(options: Options): Promise<void> {
  const bans = await askSystem(options, (ask) => ask('ban.list', undefined as never))
  printRows(bans, options.output, { ADDRESS: ({ peer }) => peer, UNTIL: ({ until }) => until })
}

async function lift(address: string, options: Options): Promise<void> {
  await askSystem(options, (ask) => ask('ban.lift', { address }))
  say(`${address} may try again`)
  if (options.output === 'json') print(JSON.stringify({ address }))
}
