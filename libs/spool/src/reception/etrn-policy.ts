import type { QueueNode } from '@cartero/smtp'
import { NetworkSet } from '@cartero/wire'
import type { Rate } from './rate-limit.ts'

/** Who may ask for these nodes: whoever comes from one of the networks, and whoever has logged in with one of the accounts. */
export interface EtrnRule {
  /** `domain` is for it alone, `subdomains` for it and all below it, `queue` for a configured way. */
  readonly nodes: readonly QueueNode[]
  readonly networks: NetworkSet
  readonly accounts: ReadonlySet<string>
}

/** Who may have waiting mail tried now, and how often. Each has a default and a reason. */
// RFC 1985 §5.1, RFC 2505 §2.12
export interface EtrnPolicy {
  readonly allow: readonly EtrnRule[]
  /** Accounts may ask for the domains whose mail they come for, too. */
  readonly collectors: boolean
  /** What one address may ask, allowed or not. */
  readonly perPeer: Rate
  /** How often one node is started, whoever asks. */
  readonly perNode: Rate
}

export const DEFAULT_ETRN_POLICY: EtrnPolicy = {
  // Each start makes us call somebody: nobody may have us do that but whom the operator names.
  allow: [],
  // What is theirs they may be told of.
  collectors: true,
  // A network of branches behind one address; whoever guesses names of nodes does not get far.
  perPeer: { perHour: 240, burst: 20 },
  // A host that is away is tried once a minute at first: to be asked more often brings nothing. A few more for who redials.
  perNode: { perHour: 60, burst: 5 },
}
