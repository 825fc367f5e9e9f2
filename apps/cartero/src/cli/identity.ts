import type { Command } from 'commander'

import type { Member } from '../identity-folder.ts'
import { UsageError } from './exit-code.ts'
import { print, printJson, withOutput, type OutputFormat } from './output.ts'

interface IdentityOptions {
  readonly renew?: true
  readonly output: OutputFormat
}

/** What a member's files and its host are called. */
const NAME = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/i

export function registerIdentity(program: Command): void {
  withOutput(
    program
      .command('identity')
      .description(
        'make certificates by which agents that are processes of their own know each other (services.identity)',
      )
      .argument('<folder>', 'where they are kept; what is there and good stays')
      .argument(
        '[names...]',
        'servers that have one, too, such as nats-1; NAME=HOST,HOST says by which other names and addresses one is reached, an agent too',
      )
      .option('--renew', 'make all of them anew, but for the authority'),
  ).action(identity)
}

async function identity(folder: string, names: readonly string[], options: IdentityOptions): Promise<void> {
  const { makeIdentities } = await import('../identity-folder.ts')
  const { AGENTS } = await import('../services-rules.ts')
  const members = new Map<string, Member>(AGENTS.map((name) => [name, { name, reachedAs: [] }]))
  for (const written of names) {
    const member = memberOf(written)
    members.set(member.name, member)
  }
  const { path, made } = await makeIdentities(folder, [...members.values()], options.renew === true)
  if (options.output === 'json') return printJson({ folder: path, made })
  const servers = names
    .map((written) => memberOf(written).name)
    .filter((name) => !AGENTS.some((agent) => agent === name))
  print([madeWords(path, made), ...servers.map((name) => neededBy(path, name))].join('\n'))
}

function madeWords(path: string, made: readonly string[]): string {
  return made.length === 0 ? `all of ${path} is good` : `made in ${path}: ${made.join(', ')}`
}

/** What an operator gives to nats-server or Postgres, which run as users of their own. */
function neededBy(path: string, name: string): string {
  return `${name} needs authority.pem, ${name}.pem and ${name}.key; where it runs as another user, the key must be his: install -o USER -m 0600 ${path}/${name}.key ITS-FOLDER`
}

function memberOf(written: string): Member {
  const [name = '', hosts = ''] = written.split('=')
  const reachedAs = hosts.split(',').filter((host) => host !== '')
  if (NAME.test(name) && name !== 'authority') return { name, reachedAs }
  throw new UsageError(
    `'${written}' is no name: write for example nats-1, or nats-1=nats-1.example.org,192.0.2.8`,
  )
}
