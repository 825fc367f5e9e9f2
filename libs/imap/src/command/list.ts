import type { Decoder } from '../decoder.ts'
import { readStatusItems, type StatusItem } from './status.ts'

const LPAREN = 0x28

/** RFC 9051 §6.3.9, RFC 5258 §3, SPECIAL-USE of RFC 6154 §2. */
export type ListSelection = 'SUBSCRIBED' | 'REMOTE' | 'RECURSIVEMATCH' | 'SPECIAL-USE'
export type ListReturn = 'SUBSCRIBED' | 'CHILDREN' | 'SPECIAL-USE'

const SELECTIONS: ReadonlySet<string> = new Set<ListSelection>([
  'SUBSCRIBED',
  'REMOTE',
  'RECURSIVEMATCH',
  'SPECIAL-USE',
])
const RETURNS: ReadonlySet<string> = new Set<ListReturn>(['SUBSCRIBED', 'CHILDREN', 'SPECIAL-USE'])

export interface ListCommand {
  readonly reference: string
  readonly patterns: readonly string[]
  readonly select: readonly ListSelection[]
  readonly return: readonly ListReturn[]
  /** Wanted of each mailbox that is listed (RFC 5819). */
  readonly status: readonly StatusItem[]
  /** Any of the extended syntax was used. */
  readonly extended: boolean
}

export function readList(decoder: Decoder): ListCommand {
  decoder.expectSp()
  const select = decoder.peek() === LPAREN ? readSelections(decoder) : undefined
  const reference = decoder.expectMailbox()
  decoder.expectSp()
  const several = decoder.peek() === LPAREN
  const patterns = several
    ? decoder.expectList(() => decoder.expectListMailbox())
    : [decoder.expectListMailbox()]
  const options = decoder.sp() ? readReturn(decoder) : undefined
  return {
    reference,
    patterns,
    select: select ?? [],
    return: options?.return ?? [],
    status: options?.status ?? [],
    extended: select !== undefined || several || options !== undefined,
  }
}

/** LSUB (RFC 3501 §6.3.9): only reference and pattern. */
export function readLsub(decoder: Decoder): { readonly reference: string; readonly pattern: string } {
  decoder.expectSp()
  const reference = decoder.expectMailbox()
  decoder.expectSp()
  return { reference, pattern: decoder.expectListMailbox() }
}

function readSelections(decoder: Decoder): readonly ListSelection[] {
  const options = decoder.expectList(() => {
    const name = decoder.expectAtom('a selection option').toUpperCase()
    return SELECTIONS.has(name) ? (name as ListSelection) : decoder.fault('a selection option')
  })
  // RFC 5258 §3.1: RECURSIVEMATCH needs an option that can match
  const onlyRecursive = options.includes('RECURSIVEMATCH') && !options.some(canMatch)
  if (onlyRecursive) decoder.fault('another selection option beside RECURSIVEMATCH')
  decoder.expectSp()
  return options
}

function canMatch(option: ListSelection): boolean {
  return option === 'SUBSCRIBED' || option === 'SPECIAL-USE'
}

function readReturn(decoder: Decoder): {
  readonly return: readonly ListReturn[]
  readonly status: readonly StatusItem[]
} {
  decoder.expectLiteral('return')
  decoder.expectSp()
  let status: readonly StatusItem[] = []
  const options = decoder.expectList((): ListReturn | undefined => {
    const name = decoder.expectAtom('a return option').toUpperCase()
    if (RETURNS.has(name)) return name as ListReturn
    if (name !== 'STATUS') return decoder.fault('a return option')
    decoder.expectSp()
    status = readStatusItems(decoder)
    return undefined
  })
  return { return: options.filter((option) => option !== undefined), status }
}
