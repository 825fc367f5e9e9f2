import type { ContentFacts } from '../content-facts.ts'
import { LONGEST_LINE } from '../content-facts.ts'

/** What the next hop carries: `7bit` or `8bit` of RFC 2045 §2.7 and §2.8. */
export type Hop = '7bit' | '8bit'

/** Whether a body of these facts has octets or lines that the hop does not carry. */
export function exceedsHop(facts: ContentFacts, hop: Hop): boolean {
  const { nul, bareCr, bareLf, longestLine, eightBitBody } = facts
  return nul || bareCr || bareLf || longestLine > LONGEST_LINE || (hop === '7bit' && eightBitBody)
}
