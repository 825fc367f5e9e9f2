import type { Command } from 'commander'

import { print, printRows, say } from './output.ts'
import { askSystem, withSystemOptions, type SystemOptions } from './reach-system.ts'

export function registerDomain(program: Command): void {
  const domain = program.command('domain').description('domains that this system answers for')
  withSystemOptions(domain.command('add').description('answer for a domain'))
    .argument('<name>', 'for example example.org')
    .option('--catch-all <address>', 'who gets what nobody else does', '')
    .option(
      '--postmaster <address>',
      'who gets mail for postmaster and abuse (default: the first account)',
      '',
    )
    .action(add)
  withSystemOptions(domain.command('list').description('list the domains')).action(list)
  withSystemOptions(
    domain.command('remove').description('answer for a domain no longer; its accounts must be gone'),
  )
    .argument('<name>')
    .action(remove)
}

async function add(
  name: string,
  options: SystemOptions & { readonly catchAll: string; readonly postmaster: string },
): Promise<void> {
  const domain = { name, catchAll: options.catchAll, postmaster: options.postmaster }
  await askSystem(options, (ask) => ask('domain.add', domain))
  say(`added ${name}`)
  if (options.output === 'json') print(JSON.stringify(domain))
}

async function list(options: SystemOptions): Promise<void> {
  const domains = await askSystem(options, (ask) => ask('domain.list', undefined as never))
  printRows(domains, options.output, {
    DOMAIN: ({ name }) => name,
    'CATCH-ALL': ({ catchAll }) => catchAll,
    POSTMASTER: ({ postmaster }) => postmaster,
  })
}

async function remove(name: string, options: SystemOptions): Promise<void> {
  await askSystem(options, (ask) => ask('domain.remove', { name }))
  say(`removed ${name}`)
  if (options.output === 'json') print(JSON.stringify({ name }))
}
