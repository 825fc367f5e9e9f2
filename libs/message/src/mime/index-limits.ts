import { MOST_ADDRESSES } from '../field/address-list.ts'
import { MOST_PARAMETERS } from '../field/parameters.ts'
import { HEADER_LIMITS, type HeaderLimits } from '../header-limits.ts'

/** What a hostile message may cost us. A part beyond a limit becomes an opaque leaf: its octets are still served. */
export interface IndexLimits extends HeaderLimits {
  /** Octets of all headers of one message that are looked at; bounds the index itself. */
  readonly allHeaderOctets: number
  /** Multiparts and messages within each other. Mail forwarded ten times over has thirty. */
  readonly depth: number
  /** Parts of one message, its root included. Digests have some hundreds. */
  readonly parts: number
  /** Of one Content-Type or Content-Disposition. */
  readonly parameters: number
  /** Of one address field. */
  readonly addresses: number
}

export const INDEX_LIMITS: IndexLimits = {
  ...HEADER_LIMITS,
  allHeaderOctets: 1024 * 1024,
  depth: 100,
  parts: 1_000,
  parameters: MOST_PARAMETERS,
  addresses: MOST_ADDRESSES,
}
