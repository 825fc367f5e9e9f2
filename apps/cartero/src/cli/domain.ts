import type { Command } from 'commander'

import { print, printRows, say, withOutput, type OutputFormat } from './output.ts'
import { askSystem, withSystem, type SystemSelection } from './reach-system.ts'

type Options = SystemSelection & { readonly output: OutputFormat }

export function registerDomain(program: Command): void {
  const domain = program.command('domain').description('domains that this system answers for')
  both(domain.command('add').description('answer for a domain'))
    .argument('<name>', 'for example example.org')
    .option('--catch-all <address>', 'who gets what nobody else does', '')
    .option(
      '--postmaster <address>',
      'who gets mail for postmaster and abuse (default: the first account)',
      '',
    )
    .action(add)
  both(domain.command('list').description('list the domains')).action(list)
  both(domain.command('remove').description('answer for a domain no longer; its accounts must be gone'))
    .argument('<name>')
    .action(remove)
}

function both(command: Command): Command {
  return withOutput(withSystem(command))
}

async function add(
  name: string,
  options: Options & { readonly catchAll: string; readonly postmaster: string },
): Promise<void> {
  const domain = { name, catchAll: options.catchAll, postmaster: options.postmaster }
  await askSystem(options, (ask) => ask('domain.add', domain))
  say(`added ${name}`)
  if (options.output === 'json') print(JSON.stringify(domain))
}

async function list(options: Options): Promise<void> {
  const domains = await askSystem(options, (ask) => ask('domain.list', undefined as never))
  printRows(domains, options.output, {
    DOMAIN: ({ name }) => name,
    'CATCH-ALL': ({ catchAll }) => catchAll,
    POSTMASTER: ({ postmaster }) => postmaster,
  })
}

async function remove(name: string, options: Options): Promise<void> {
  await askSystem(options, (ask) => ask('domain.remove', { name }))
  say(`removed ${name}`)
  if (options.output === 'json') print(JSON.stringify({ name }))
}
