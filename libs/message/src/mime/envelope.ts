import { parseAddressList, type Group, type Mailbox } from '../field/address-list.ts'
import type { HeaderField } from '../header-block.ts'
import type { Address, Envelope } from './message-index.ts'

/** Field names of ENVELOPE, and the members they become (RFC 3501 §7.4.2). */
const ADDRESS_FIELDS = {
  from: 'from',
  sender: 'sender',
  'reply-to': 'replyTo',
  to: 'to',
  cc: 'cc',
  bcc: 'bcc',
} as const
const TEXT_FIELDS = {
  date: 'date',
  subject: 'subject',
  'in-reply-to': 'inReplyTo',
  'message-id': 'messageId',
} as const

type Fields<Table extends Record<string, string>, Value> = { [Key in Table[keyof Table]]?: Value }

export const ENVELOPE_FIELDS: readonly string[] = [
  ...Object.keys(ADDRESS_FIELDS),
  ...Object.keys(TEXT_FIELDS),
]

/** Gathers an envelope field by field. */
export class EnvelopeBuilder {
  readonly #texts: Fields<typeof TEXT_FIELDS, string> = {}
  readonly #addresses: Fields<typeof ADDRESS_FIELDS, readonly Address[]> = {}
  readonly #mostAddresses: number

  constructor(mostAddresses: number) {
    this.#mostAddresses = mostAddresses
  }

  /**
   * `name` is one of ENVELOPE_FIELDS. Of a text that comes twice the first counts. Addresses of repeated fields are put
   * together, so that no From is shown to one reader and hidden from another (RFC 5322 §3.6 allows one of each).
   */
  add(name: string, field: HeaderField): void {
    if (name in TEXT_FIELDS) this.#addText(TEXT_FIELDS[name as keyof typeof TEXT_FIELDS], field)
    else this.#addAddresses(ADDRESS_FIELDS[name as keyof typeof ADDRESS_FIELDS], field)
  }

  build(): Envelope {
    const { from, sender = from, replyTo = from, ...recipients } = this.#addresses
    const { date, subject, ...ids } = this.#texts
    return {
      ...(date !== undefined && { date }),
      ...(subject !== undefined && { subject }),
      ...(from && { from }),
      ...(sender && { sender }),
      ...(replyTo && { replyTo }),
      ...recipients,
      ...ids,
    }
  }

  #addText(member: keyof Fields<typeof TEXT_FIELDS, string>, field: HeaderField): void {
    if (this.#texts[member] !== undefined) return
    const { value } = field
    if (value !== '') this.#texts[member] = value
  }

  #addAddresses(member: keyof Fields<typeof ADDRESS_FIELDS, string>, field: HeaderField): void {
    const before = this.#addresses[member] ?? []
    const more = parseAddressList(field.rawValue, this.#mostAddresses - before.length)
    const together = before.length === 0 ? flat(more) : [...before, ...flat(more)]
    if (together.length > 0) this.#addresses[member] = together
  }
}

function flat(list: readonly (Mailbox | Group)[]): readonly Address[] {
  return list.some(isGroup)
    ? list.flatMap((entry) => (isGroup(entry) ? groupMarked(entry) : [entry]))
    : (list as Mailbox[])
}

function isGroup(entry: Mailbox | Group): entry is Group {
  return 'group' in entry
}

function groupMarked(group: Group): readonly Address[] {
  return [{ mailbox: group.group }, ...group.members, {}]
}
