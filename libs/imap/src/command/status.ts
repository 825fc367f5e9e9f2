import type { Decoder } from '../decoder.ts'

/** What STATUS can tell (RFC 3501 §6.3.10, SIZE of RFC 8438, DELETED of RFC 9051 §6.3.11). */
export type StatusItem =
  | 'MESSAGES'
  | 'RECENT'
  | 'UIDNEXT'
  | 'UIDVALIDITY'
  | 'UNSEEN'
  | 'DELETED'
  | 'SIZE'
  | 'HIGHESTMODSEQ'

const ITEMS: ReadonlySet<string> = new Set<StatusItem>([
  'MESSAGES',
  'RECENT',
  'UIDNEXT',
  'UIDVALIDITY',
  'UNSEEN',
  'DELETED',
  'SIZE',
  'HIGHESTMODSEQ',
])

export interface StatusCommand {
  readonly mailbox: string
  readonly items: readonly StatusItem[]
}

export function readStatus(decoder: Decoder): StatusCommand {
  decoder.expectSp()
  const mailbox = decoder.expectMailbox()
  decoder.expectSp()
  return { mailbox, items: readStatusItems(decoder) }
}

/** `(MESSAGES UNSEEN)`, also in LIST RETURN (STATUS (…)) (RFC 5819 §2). */
export function readStatusItems(decoder: Decoder): readonly StatusItem[] {
  return decoder.expectList(() => {
    const name = decoder.expectAtom('a status item').toUpperCase()
    return ITEMS.has(name) ? (name as StatusItem) : decoder.fault('a status item')
  })
}
