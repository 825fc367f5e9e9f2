import type { FieldParameters } from '../field/parameters.ts'
import type { OctetString } from '../octet-string.ts'

/**
 * What IMAP and POP3 need to know of a message, computed once from its octets: plain data that survives JSON. All offsets count
 * octets from the start of the message, so that any section is a range of what is stored.
 */
export interface MessageIndex {
  /** Changes when the meaning of this data does; an index of another version is made anew. */
  readonly version: 1
  readonly size: number
  /** Line feeds of the whole message. */
  readonly lines: number
  /** Octets up to and including the blank line: where the body starts. */
  readonly headerLength: number
  readonly envelope: Envelope
  readonly root: Part
}

/** ENVELOPE of RFC 3501 §7.4.2. Texts are unfolded but not decoded; a field that is absent or empty is left out. */
export interface Envelope {
  readonly date?: OctetString
  readonly subject?: OctetString
  readonly from?: readonly Address[]
  /** As `from`, where the message has no Sender. */
  readonly sender?: readonly Address[]
  /** As `from`, where the message has no Reply-To. */
  readonly replyTo?: readonly Address[]
  readonly to?: readonly Address[]
  readonly cc?: readonly Address[]
  readonly bcc?: readonly Address[]
  readonly inReplyTo?: OctetString
  readonly messageId?: OctetString
}

/**
 * One address of RFC 3501 §7.4.2; what is absent is NIL. Without a host it opens the group whose name `mailbox` is;
 * without host and mailbox it closes the group. An address that lacks its domain has the host ''.
 */
export interface Address {
  readonly name?: OctetString
  readonly route?: OctetString
  readonly mailbox?: OctetString
  readonly host?: OctetString
}

/** One entity of the MIME tree (RFC 2045 §2.4). It is a multipart if it has `parts`, a message if it has `message`, else a leaf. */
export interface Part {
  /** In lower case, as is `subtype`. */
  readonly type: string
  readonly subtype: string
  readonly parameters: FieldParameters
  readonly id?: OctetString
  readonly description?: OctetString
  /** In lower case; `7bit` unless the part says otherwise (RFC 2045 §6.1). */
  readonly encoding: string
  readonly disposition?: { readonly type: string; readonly parameters: FieldParameters }
  readonly language?: readonly OctetString[]
  readonly location?: OctetString
  readonly md5?: OctetString
  /** Start of the part's own header; for the body of a message, start of the message's header. */
  readonly headerStart: number
  readonly bodyStart: number
  /** Before the line end that belongs to the delimiter (RFC 2046 §5.1.1). */
  readonly bodyEnd: number
  /** Octets of the body, encoded as it is. */
  readonly size: number
  /** Line feeds of the body; of texts and messages only. */
  readonly lines?: number
  /** Children of a multipart, at least one. */
  readonly parts?: readonly Part[]
  /** Of message/rfc822 and message/global: what is within. */
  readonly message?: { readonly envelope: Envelope; readonly root: Part }
  /** A limit kept us from looking into it, or, in a message, an encoding; its type is then application/octet-stream whatever it said. */
  readonly opaque?: true
}
