/** Bounds on what a client may say. Each can be set; the defaults carry their reason. */
export interface ImapLimits {
  /** Octets of a command before login, its literals apart, over however many lines. An OAuth bearer token in AUTHENTICATE is a few KiB; RFC 4954 §4 allows 12,288. */
  readonly lineBeforeLogin: number
  /** Octets of all literals of one command before login: a user name and a password need no more, and strangers get no more memory. */
  readonly literalsBeforeLogin: number
  /** Octets of a command after login, its literals apart, over however many lines. Clients send long uid sets; Dovecot's users have lived with 64 KiB. */
  readonly line: number
  /** Octets of all literals of one command after login, APPEND's message apart: names and search strings. */
  readonly literals: number
  /** Literals of one command: as many as it may have search keys. Each costs work even when it is empty. */
  readonly literalsOfCommand: number
  /** Octets of an appended message (APPENDLIMIT, RFC 7889). It streams, so this bounds disk and time, not memory. */
  readonly appendSize: number
  /** Depth of parentheses, NOT and OR. Deeper ones are only ever attacks on the parser's stack. */
  readonly nesting: number
  /** Ranges in one number set: more than a line of `1,3,5,…` in a mailbox of 20,000 messages needs. */
  readonly ranges: number
  /** Search keys in one command: each costs work for each message. */
  readonly searchKeys: number
  /** Items of one FETCH: each may hold some octets of each message that is being read. Clients ask for parts by the dozen. */
  readonly fetchItems: number
  /** Commands answered BAD in a row before the connection ends: such a client speaks another language. */
  readonly badCommands: number
  /** LOGIN and AUTHENTICATE that fail in one connection before it ends. */
  readonly failedLogins: number
  /** Milliseconds of silence before login. No human types here; strangers hold sockets no longer than that. */
  readonly patienceBeforeLogin: number
  /** Milliseconds of silence after login: the least that RFC 3501 §5.4 allows. */
  readonly patience: number
  /** Milliseconds without an octet of a literal that was announced. */
  readonly literalPatience: number
}

export const DEFAULT_LIMITS: ImapLimits = {
  lineBeforeLogin: 12_288,
  literalsBeforeLogin: 4_096,
  line: 65_536,
  literals: 65_536,
  literalsOfCommand: 500,
  appendSize: 100 * 1024 * 1024,
  nesting: 32,
  ranges: 10_000,
  searchKeys: 500,
  fetchItems: 200,
  badCommands: 20,
  failedLogins: 5,
  patienceBeforeLogin: 60_000,
  patience: 30 * 60_000,
  literalPatience: 5 * 60_000,
}

/** A limit was met while a command was read. Answered `NO [LIMIT]` (RFC 5530 §3). The peer is at fault. */
export class LimitError extends Error {
  override readonly name = 'LimitError'
  readonly limit: keyof ImapLimits

  constructor(limit: keyof ImapLimits, message: string) {
    super(message)
    this.limit = limit
  }
}
