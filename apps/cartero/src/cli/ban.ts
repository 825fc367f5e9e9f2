import type { Command } from 'commander'

import { print, printRows, say } from './output.ts'
import { askSystem, withSystemOptions, type SystemOptions } from './reach-system.ts'

export function registerBan(program: Command): void {
  const ban = program
    .command('ban')
    .description('addresses that are turned away because they guessed at passwords')
  withSystemOptions(ban.command('list').description('list the bans in force')).action(list)
  withSystemOptions(ban.command('lift').description('forgive an address'))
    .argument('<address>', 'as the list names it, or any address of an IPv6 network in it')
    .action(lift)
}

async function list(options: SystemOptions): Promise<void> {
  const bans = await askSystem(options, (ask) => ask('ban.list', undefined as never))
  printRows(bans, options.output, { ADDRESS: ({ peer }) => peer, UNTIL: ({ until }) => until })
}

async function lift(address: string, options: SystemOptions): Promise<void> {
  await askSystem(options, (ask) => ask('ban.lift', { address }))
  say(`${address} may try again`)
  if (options.output === 'json') print(JSON.stringify({ address }))
}
