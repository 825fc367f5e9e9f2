import type { DirectoryService } from '@cartero/contracts/directory'
import { parseDomain, type Domain } from '@cartero/syntax'

export interface HomeDomainOptions {
  readonly hostname: string
  readonly qualifyWith: Domain | undefined
}

/**
 * What stands behind addresses that programs write without a domain: what the operator has said, else the host's name or the
 * nearest domain above it that is ours, else the first domain that is, else the host's name. A domain whose mail a customer comes for
 * is none of these.
 */
export async function homeDomain(
  directory: Pick<DirectoryService, 'ListDomains'>,
  { hostname, qualifyWith }: HomeDomainOptions,
): Promise<Domain> {
  if (qualifyWith !== undefined) return qualifyWith
  const { domains } = await directory.ListDomains({})
  const names = domains.filter(({ collection }) => collection === undefined).map(({ name }) => name)
  const ours = new Set(names)
  const host = hostname.toLowerCase()
  for (let name = host; name !== ''; name = above(name)) if (ours.has(name)) return name as Domain
  return (names[0] as Domain | undefined) ?? parseDomain(host)!
}

function above(name: string): string {
  const dot = name.indexOf('.')
  return dot === -1 ? '' : name.slice(dot + 1)
}
