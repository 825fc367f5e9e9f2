import type { NumberSet } from './number-set.ts'

/** One condition of SEARCH (RFC 3501 §6.4.4). Dates are midnight UTC in milliseconds; texts are Unicode. */
export type SearchKey =
  | { readonly key: 'ALL' }
  | { readonly key: 'AND'; readonly keys: readonly SearchKey[] }
  | { readonly key: 'OR'; readonly either: SearchKey; readonly or: SearchKey }
  | { readonly key: 'NOT'; readonly not: SearchKey }
  /** The flag is set; also a keyword. `RECENT` is `\Recent`. */
  | { readonly key: 'FLAG'; readonly flag: string }
  | { readonly key: 'SEQUENCE'; readonly set: NumberSet | '$' }
  | { readonly key: 'UID'; readonly set: NumberSet | '$' }
  /** Internal date; `ON` and the like are made of `since` (inclusive) and `before` (exclusive). */
  | { readonly key: 'INTERNALDATE'; readonly since?: number; readonly before?: number }
  /** The Date field, by its own clock. */
  | { readonly key: 'SENTDATE'; readonly since?: number; readonly before?: number }
  /** Octets above or below, exclusive. */
  | { readonly key: 'LARGER'; readonly octets: number }
  | { readonly key: 'SMALLER'; readonly octets: number }
  /** An empty text asks whether the field is there at all. */
  | { readonly key: 'HEADER'; readonly field: string; readonly text: string }
  | { readonly key: 'BODY'; readonly text: string }
  | { readonly key: 'TEXT'; readonly text: string }
  /** RFC 7162 §3.1.5 */
  | { readonly key: 'MODSEQ'; readonly modseq: number }

/** What of the result is wanted (RFC 4731 §3.1, RFC 9051 §6.4.4). */
export type SearchReturn = 'MIN' | 'MAX' | 'ALL' | 'COUNT' | 'SAVE'
