import {
  Resolution_Verdict as Verdict,
  type DirectoryService,
  type Resolution,
} from '@cartero/contracts/directory'
import { replies, type Reply } from '@cartero/smtp/server'
import { formatMailbox, parseMailbox } from '@cartero/syntax'

/** Domains with mailboxes in which a name without a domain is looked for. With more there is no telling whom it means. */
export const MOST_DOMAINS = 100

export type LookUpDirectory = Pick<DirectoryService, 'Resolve' | 'ListDomains'>

interface Found {
  readonly address: string
  readonly resolution: Resolution
}

/** Who is behind a name: of somebody here, with or without domain. Rejects when the directory is away. */
// RFC 5321 §3.5.1
export async function verifyName(directory: LookUpDirectory, text: string): Promise<Reply> {
  return answer(await find(directory, text), ({ address, resolution }) =>
    isElsewhere(address, resolution) ? replies.cannotVerify : replies.verified(`<${address}>`),
  )
}

/** The mailboxes that a list leads to, through lists within it. */
// RFC 5321 §3.5.2
export async function expandName(directory: LookUpDirectory, text: string): Promise<Reply> {
  return answer(await find(directory, text), ({ address, resolution }) => {
    if (isElsewhere(address, resolution)) return replies.cannotVerify
    const { targets, forwards, collected } = resolution
    const members = [...targets.map(({ account }) => account), ...forwards, ...collected]
    const isUser = members.length === 1 && members[0] === address
    return isUser ? replies.notAList : replies.expanded(members.map((member) => `<${member}>`))
  })
}

/** Its mail waits for a customer, who alone knows whom there is. */
// RFC 5321 §3.5.3
function isElsewhere(address: string, { collected }: Resolution): boolean {
  return collected.includes(address)
}

/** Undefined: it is no name of ours to tell of. */
async function find(directory: LookUpDirectory, text: string): Promise<readonly Found[] | undefined> {
  const addresses = await candidates(directory, text)
  if (addresses.length === 0) return undefined
  const { resolutions } = await directory.Resolve({ addresses })
  const found = addresses.map((address, i) => ({ address, resolution: resolutions[i]! }))
  const ours = found.filter(({ resolution }) => resolution.verdict !== Verdict.NOT_OURS)
  return ours.length === 0 ? undefined : ours
}

/** The addresses that a name can mean. Whatever the text is, only what is an address is looked for. */
async function candidates(directory: LookUpDirectory, text: string): Promise<readonly string[]> {
  const name = /<([^<>]*)>\s*$/.exec(text)?.[1] ?? text
  const whole = parseMailbox(name)
  if (whole !== undefined) return [canonical(whole)]
  const { domains } = await directory.ListDomains({})
  // Whoever says no domain means one of our users; a customer's domain would know any name.
  const own = domains.filter(({ collection }) => collection === undefined)
  if (own.length > MOST_DOMAINS) return []
  return own.flatMap((domain) => {
    const mailbox = parseMailbox(`${name}@${domain.name}`)
    return mailbox === undefined ? [] : [canonical(mailbox)]
  })
}

/** As the directory writes its accounts, so that an account is known from a list. */
function canonical(mailbox: NonNullable<ReturnType<typeof parseMailbox>>): string {
  return formatMailbox({ ...mailbox, localPart: mailbox.localPart.toLowerCase() })
}

function answer(found: readonly Found[] | undefined, tell: (one: Found) => Reply): Reply {
  if (found === undefined) return replies.cannotVerify
  const there = found.filter(({ resolution }) => resolution.verdict === Verdict.ACCEPT)
  if (there.length > 1) return replies.ambiguous(there.map(({ address }) => `<${address}>`))
  if (there[0] !== undefined) return tell(there[0])
  const isDisabled = found.some(({ resolution }) => resolution.verdict === Verdict.DISABLED)
  return isDisabled ? replies.mailboxDisabled : replies.noSuchMailbox
}
