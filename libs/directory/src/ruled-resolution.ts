import { Resolution_Verdict as Verdict, type Resolution } from '@cartero/contracts/directory'

/** What a rule of the operator says of mail for an address: it goes to other hosts, or nobody may write there. */
export type AddressRule = 'away' | 'refuse'

/**
 * What becomes of mail for an address of ours for which there is a rule: the rule wins over whoever has it here, so that a domain
 * whose mailboxes are on another host needs no accounts. An address that is not ours stays one: a rule makes no open relay.
 */
export function underRule(
  resolution: Resolution,
  address: string,
  rule: AddressRule | undefined,
): Resolution {
  if (rule === undefined || resolution.verdict === Verdict.NOT_OURS) return resolution
  if (rule === 'away') return { verdict: Verdict.ACCEPT, targets: [], forwards: [address], collected: [] }
  return { verdict: Verdict.DISABLED, targets: [], forwards: [], collected: [] }
}
