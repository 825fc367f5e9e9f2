import type { AnyDirectory } from '@cartero/directory'
import { replies, ReplyError } from '@cartero/smtp/server'

/**
 * The domains whose mail an account asks for: those that it names, or all that are its own. Throws ReplyError: one that is not
 * its own refuses them all, and nothing is told of the others.
 */
// RFC 2645 §5.2.1
export async function wantedDomains(
  directory: Pick<AnyDirectory, 'CollectedDomains'>,
  account: string,
  named: readonly string[],
): Promise<readonly string[]> {
  const own = await ownDomains(directory, account)
  // 453 would be true, too, and would hide for ever that nobody has set this account up.
  if (own.length === 0) throw refused(`${account} comes for the mail of no domain`)
  const foreign = named.find((domain) => !own.includes(domain))
  if (foreign !== undefined) throw refused(`${account} does not come for the mail of ${foreign}`)
  return named.length === 0 ? own : named
}

async function ownDomains(
  directory: Pick<AnyDirectory, 'CollectedDomains'>,
  account: string,
): Promise<readonly string[]> {
  try {
    const { domains } = await directory.CollectedDomains({ account })
    return domains.map(({ name }) => name)
  } catch (cause) {
    throw new ReplyError(replies.cannotTurnNow, { reason: String(cause), fault: 'store', cause })
  }
}

function refused(reason: string): ReplyError {
  return new ReplyError(replies.turnRefused, { reason })
}
