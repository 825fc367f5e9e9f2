import { replies, type ReversePath } from '@cartero/smtp'
import type { Reply } from '@cartero/smtp/server'
import { formatMailbox } from '@cartero/syntax'
import { NetworkSet, type Network } from '@cartero/wire'

/** Whether whoever is refused may try again later. */
// RFC 2505 §2.13
export type Severity = 'permanent' | 'temporary'

/** Something that is refused: `spam.example`, `.spam.example` (all below it, too) or `tim@spam.example`, in lower case. */
export interface NameRule {
  readonly name: string
  readonly severity: Severity
}

export interface NetworkRule {
  readonly network: Network
  readonly severity: Severity
}

/** Whom an operator does not want to hear of. What is in no list is let pass. */
// RFC 2505 §2.5, RFC 2505 §2.7, RFC 5321 §7.9
export class RefusalLists {
  readonly #networks: Readonly<Record<Severity, NetworkSet>>
  readonly #helo: ReadonlyMap<string, Severity>
  readonly #senders: ReadonlyMap<string, Severity>

  constructor(rules: {
    readonly networks?: readonly NetworkRule[]
    readonly helo?: readonly NameRule[]
    readonly senders?: readonly NameRule[]
  }) {
    const networks = (wanted: Severity): NetworkSet =>
      new NetworkSet(
        (rules.networks ?? []).filter(({ severity }) => severity === wanted).map(({ network }) => network),
      )
    this.#networks = { permanent: networks('permanent'), temporary: networks('temporary') }
    this.#helo = new Map((rules.helo ?? []).map(({ name, severity }) => [name, severity]))
    this.#senders = new Map((rules.senders ?? []).map(({ name, severity }) => [name, severity]))
  }

  /** What a client from there is greeted with. */
  // RFC 5321 §3.1
  network(address: string, hostname: string): Reply | undefined {
    if (this.#networks.permanent.has(address)) return replies.noService(hostname)
    return this.#networks.temporary.has(address) ? replies.notAvailable(hostname) : undefined
  }

  /** Of these only what is said of senders: for mail that somebody else has taken from its clients. */
  ofSenders(): RefusalLists {
    return new RefusalLists({
      senders: Array.from(this.#senders, ([name, severity]) => ({ name, severity })),
    })
  }

  helo(name: string): Reply | undefined {
    return this.#helo.size === 0 ? undefined : refusal(domainRule(this.#helo, name.toLowerCase()))
  }

  /** The null path is never refused: notices have it. */
  // RFC 2505 §2.6.1
  sender(path: ReversePath): Reply | undefined {
    if (path === undefined || this.#senders.size === 0) return undefined
    const rule =
      this.#senders.get(formatMailbox(path).toLowerCase()) ?? domainRule(this.#senders, path.domain)
    return refusal(rule)
  }
}

export const NO_REFUSALS: RefusalLists = new RefusalLists({})

/** The rule of the name itself, or else of the nearest `.name` above or at it. */
function domainRule(rules: ReadonlyMap<string, Severity>, name: string): Severity | undefined {
  const exact = rules.get(name)
  if (exact !== undefined) return exact
  for (let rest = `.${name}`; rest !== '';) {
    const rule = rules.get(rest)
    if (rule !== undefined) return rule
    const next = rest.indexOf('.', 1)
    rest = next === -1 ? '' : rest.slice(next)
  }
  return undefined
}

function refusal(severity: Severity | undefined): Reply | undefined {
  if (severity === undefined) return undefined
  return severity === 'permanent' ? replies.policyRefusal : replies.policyDeferral
}
