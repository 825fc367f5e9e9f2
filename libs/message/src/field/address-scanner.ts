import type { OctetString } from '../octet-string.ts'
import { AT, COLON, COMMA, DOT, GREATER, LESS, SEMICOLON } from '../octets.ts'
import type { Group, Mailbox } from './address-list.ts'
import { commentText, FieldScanner } from './field-scanner.ts'

/** Words read before it is known whether they are a name or the local part of an address. */
interface Words {
  /** With single spaces where there was white space. */
  readonly text: OctetString
  /** The last run of words joined by dots, without white space: a local part, should an `@` follow. */
  readonly local: OctetString
  /** What stands before that run. */
  readonly before: OctetString
}

/** RFC 5322 §3.4 and §4.4, as leniently as mail is written. Each turn of each loop consumes at least one octet. */
export class AddressScanner extends FieldScanner {
  #left: number

  constructor(value: Buffer, most: number) {
    super(value)
    this.#left = most
  }

  addressList(): readonly (Mailbox | Group)[] {
    const list: (Mailbox | Group)[] = []
    while (this.#left > 0 && this.#anotherEntry()) {
      const entry = this.#address()
      if (entry !== undefined) list.push(entry)
    }
    return list
  }

  /** Passes over separators; RFC 5322 §4.4 allows empty elements, and Outlook writes semicolons. */
  #anotherEntry(): boolean {
    while (this.cfws() || this.octet(COMMA) || this.octet(SEMICOLON));
    return !this.atEnd
  }

  #address(): Mailbox | Group | undefined {
    const words = this.#words()
    if (words.text !== '' && this.octet(COLON)) return this.#group(words.text)
    return this.#mailbox(words)
  }

  /** group of RFC 5322 §3.4; the name and the colon are already read. */
  #group(name: OctetString): Group {
    const members: Mailbox[] = []
    while (this.#left > 0) {
      while (this.cfws() || this.octet(COMMA));
      if (this.atEnd || this.octet(SEMICOLON)) break
      const member = this.#mailbox(this.#words())
      if (member !== undefined) members.push(member)
    }
    // An empty group costs as much as a mailbox does.
    if (members.length === 0) this.#left--
    return { group: name, members }
  }

  /** mailbox of RFC 5322 §3.4; `words` are already read. Undefined for an octet that can begin nothing. */
  #mailbox(words: Words): Mailbox | undefined {
    if (this.octet(LESS)) return this.#angleAddr(words.text)
    if (this.peek() === AT) return this.#bareAddrSpec(words)
    if (words.text !== '') return this.#made('', undefined, words.text, '')
    this.offset++
    return undefined
  }

  #bareAddrSpec(words: Words): Mailbox {
    this.lastComment = undefined
    const address = this.#addrSpec(words.local)
    this.cfws()
    // `joe@example.com <joe@example.com>`: an address as display-name, which ought to be quoted.
    if (this.octet(LESS))
      return this.#angleAddr(`${words.before && `${words.before} `}${address.mailbox}@${address.host}`)
    const name = words.before === '' ? commentText(this.lastComment ?? '') : words.before
    return this.#made(name, undefined, address.mailbox, address.host)
  }

  /** angle-addr, with the obsolete route (RFC 5322 §4.4). The `<` is already read. */
  #angleAddr(name: OctetString): Mailbox {
    const route = this.#route()
    const { local } = this.#words()
    const address = this.#addrSpec(local)
    this.skipTo(GREATER, COMMA, SEMICOLON)
    this.octet(GREATER)
    return this.#made(name, route, address.mailbox, address.host)
  }

  #route(): OctetString | undefined {
    const start = this.offset
    const domains: OctetString[] = []
    while (this.cfws() || this.octet(COMMA));
    while (this.octet(AT)) {
      domains.push(`@${this.#domain()}`)
      while (this.cfws() || this.octet(COMMA));
    }
    if (domains.length > 0 && this.octet(COLON)) return domains.join(',')
    this.offset = start
    return undefined
  }

  /** What follows a local part. Of several `@` the last one counts, since the others can only be the local part's. */
  #addrSpec(local: OctetString): { readonly mailbox: OctetString; readonly host: OctetString } {
    let mailbox = local
    let host = ''
    for (let signs = 0; this.octet(AT); signs++) {
      if (signs > 0) mailbox += `@${host}`
      host = this.#domain()
    }
    return { mailbox, host }
  }

  /** domain of RFC 5322 §3.4.1, with white space around dots (§4.4). */
  #domain(): OctetString {
    this.cfws()
    const literal = this.domainLiteral()
    if (literal !== undefined) return literal
    let domain = ''
    for (;;) {
      domain += this.atom() ?? ''
      this.cfws()
      if (!this.octet(DOT)) return domain
      domain += '.'
      this.cfws()
    }
  }

  /** phrase or local-part: words and dots until something else (RFC 5322 §3.2.5, §4.1). */
  #words(): Words {
    let text = ''
    let local = ''
    let before = ''
    for (let joined = true; ;) {
      const space = this.cfws() && text !== '' ? ' ' : ''
      const isDot = this.octet(DOT)
      const word = isDot ? '.' : this.word()
      if (word === undefined) return { text, local, before }
      if (!isDot && !joined) {
        before = text
        local = ''
      }
      local += word
      text += space + word
      joined = isDot
    }
  }

  #made(name: OctetString, route: OctetString | undefined, mailbox: OctetString, host: OctetString): Mailbox {
    this.#left--
    if (route !== undefined) return name === '' ? { route, mailbox, host } : { name, route, mailbox, host }
    return name === '' ? { mailbox, host } : { name, mailbox, host }
  }
}
