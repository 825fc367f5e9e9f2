import { Resolution_Verdict as Verdict } from '@cartero/contracts/directory'
import { optionalDomain } from './account-verbs.ts'
import { type AddressPolicy, asWritten, expectAddress } from './address.ts'
import { DirectoryError, outcomeOf } from './directory-error.ts'
import { expectOurs } from './domain-verbs.ts'
import type { Records } from './records.ts'
import { resolveRecipient } from './resolve-recipient.ts'
import type { DirectoryVerbs } from './verbs.ts'

/** Targets of one alias: more is a list, and lists want a list manager. */
export const MAX_ALIAS_TARGETS = 100

export function aliasVerbs(
  records: Records,
): Pick<DirectoryVerbs, 'setAlias' | 'listAliases' | 'removeAlias'> {
  return {
    setAlias: ({ alias, policy }) =>
      outcomeOf(() => {
        const address = expectAddress(alias.address, 'the alias', policy)
        expectOurs(records, address.domain)
        expectReadHere(records, address.domain)
        if (records.account(address.text) !== undefined) {
          throw new DirectoryError('exists', `${address.text} is an account, which keeps its mail itself`)
        }
        const targets = targetsOf(records, alias.targets, policy)
        expectReaders(records, address.text, targets, policy)
        records.putAlias({ address: address.text, domain: address.domain, targets })
      }),
    listAliases: (domain) =>
      outcomeOf(() =>
        records.aliases(optionalDomain(domain)).map(({ address, targets }) => ({ address, targets })),
      ),
    removeAlias: ({ address, policy }) =>
      outcomeOf(() => {
        const { text } = expectAddress(address, 'the alias', policy)
        if (records.alias(text) === undefined) {
          throw new DirectoryError(
            'notFound',
            `there is no alias ${text}: \`cartero alias list\` shows which there are`,
          )
        }
        records.deleteAlias(text)
      }),
  }
}

/** An alias would have no effect where a customer comes for everything. */
function expectReadHere(records: Records, domain: string): void {
  const collection = records.domain(domain)?.collection
  if (collection === undefined) return
  throw new DirectoryError(
    'invalid',
    `all mail for ${domain} waits for ${collection.account}: an alias belongs to where it is fetched to`,
  )
}

function targetsOf(records: Records, texts: readonly string[], policy: AddressPolicy): readonly string[] {
  const targets = new Set(texts.map((text) => targetOf(records, text, policy)))
  if (targets.size === 0) throw new DirectoryError('invalid', 'an alias needs at least one target')
  if (targets.size > MAX_ALIAS_TARGETS) {
    throw new DirectoryError(
      'invalid',
      `an alias has at most ${MAX_ALIAS_TARGETS} targets: split it into several`,
    )
  }
  return [...targets]
}

function targetOf(records: Records, text: string, policy: AddressPolicy): string {
  const target = expectAddress(text, 'the target', policy)
  return records.domain(target.domain) === undefined ? asWritten(target) : target.text
}

/** Tries the alias before it is kept: whoever writes to it must be read by somebody. Who is elsewhere is not asked. */
function expectReaders(
  records: Records,
  address: string,
  targets: readonly string[],
  policy: AddressPolicy,
): void {
  const tried = {
    domain: (name: string) => records.domain(name),
    firstDomain: () => records.firstDomain(),
    account: (name: string) => records.account(name),
    firstAccount: (domain?: string) => records.firstAccount(domain),
    alias: (name: string) => (name === address ? targets : records.alias(name)),
  }
  for (const target of targets) {
    if (resolveRecipient(tried, target, policy).verdict === Verdict.NO_SUCH_USER) {
      throw new DirectoryError(
        'notFound',
        `there is no account or alias ${target}: add it first with \`cartero account add ${target}\``,
      )
    }
  }
  if (resolveRecipient(tried, address, policy).verdict === Verdict.ALIAS_LOOP) {
    throw new DirectoryError('invalid', `${address} would lead in a circle, too deep or to too many names`)
  }
}
