import { isAscii } from 'node:buffer'
import {
  ContentConverter,
  ConversionError,
  HeaderScanner,
  isTlsOptional,
  receivedField,
  type HeaderEnd,
} from '@cartero/message'
import { ReplyError, replies, type MailCommand, type Reply } from '@cartero/smtp/server'
import type { Clock, MaybePromise } from '@cartero/wire'
import {
  SpoolError,
  type Envelope,
  type EnvelopeRecipient,
  type FoundInContent,
  type Intake,
  type IntakeDraft,
  type QueueId,
} from '../ports.ts'
import type { Client } from './client.ts'
import { makeEnvelope } from './envelope.ts'
import { ContentIndex } from './content-index.ts'
import { HeldHeader, type HeaderEdit } from './header-edit.ts'
import { checkHeaderShape, type HeaderShape } from './header-shape.ts'

/** The fields that edges want to know about without reading the header twice. */
export const COUNTED_FIELDS = [
  'Received',
  'Date',
  'From',
  'Sender',
  'Reply-To',
  'To',
  'Cc',
  'Bcc',
  'Message-ID',
  'In-Reply-To',
  'References',
  'Subject',
  'Return-Path',
  'TLS-Required',
  'Solicitation',
] as const

const CRLF = Buffer.from('\r\n')
const MESSAGE_ID = /^Message-ID:\s*(\S+)/i

/** What a message is promised beyond what its MAIL command says. */
export interface Terms {
  /** -9 to 9, as far as the client may choose it. */
  readonly priority: number
  readonly submitter?: string | undefined
  /** What becomes of its header, as it comes. */
  readonly edit?: HeaderEdit | undefined
  /** Octets are encoded to fit this, as they come; kept as they are when it is absent. */
  readonly encodeTo?: '7bit' | '8bit' | undefined
}

export interface IntakeOptions {
  readonly intake: Intake
  /** Our own name in the trace. */
  readonly hostname: string
  readonly clock: Clock
}

/** Looks at a whole header and gives the fields that go in front of it. Throws ReplyError to refuse the message. */
export type HeaderCheck = (header: HeaderScanner) => MaybePromise<readonly Buffer[]>

/**
 * One message on its way in by SMTP. Octets go straight to the intake while the header is looked at on the way, so that
 * nothing is read back. A store's troubles become replies: full is 452, away is 451.
 */
export class Reception {
  readonly #options: IntakeOptions
  readonly #client: Client
  readonly #mail: MailCommand
  readonly #terms: Terms
  readonly #shape: HeaderShape
  readonly #begun: number
  readonly #recipients: EnvelopeRecipient[] = []
  readonly #header: HeaderScanner
  readonly #index = new ContentIndex()
  readonly #converter: ContentConverter | undefined
  #held: HeldHeader | undefined
  #headerEnded = false
  #eightBit = false
  #draft: IntakeDraft | undefined
  #envelope: Envelope | undefined
  #messageId: string | undefined

  constructor(mail: MailCommand, client: Client, terms: Terms, shape: HeaderShape, options: IntakeOptions) {
    this.#mail = mail
    this.#client = client
    this.#terms = terms
    this.#shape = shape
    this.#options = options
    // What the sender counted in seconds is counted from MAIL on.
    this.#begun = options.clock.now()
    this.#header = new HeaderScanner(COUNTED_FIELDS, { headerOctets: shape.octets, fields: shape.fields })
    this.#held = terms.edit && new HeldHeader(terms.edit)
    this.#converter = terms.encodeTo && new ContentConverter(terms.encodeTo)
  }

  /** What was promised; known from `begin` on, and complete from `commit` on. */
  get envelope(): Envelope | undefined {
    return this.#envelope
  }

  /** The Message-ID, as it stands in the message or was added; known once `commit` is done. */
  get messageId(): string | undefined {
    return this.#messageId
  }

  addRecipient(recipient: EnvelopeRecipient): void {
    this.#recipients.push(recipient)
  }

  /** The octets are about to come. Throws ReplyError. */
  begin(): void {
    const envelope = makeEnvelope({
      mail: this.#mail,
      client: this.#client,
      recipients: this.#recipients,
      priority: this.#terms.priority,
      submitter: this.#terms.submitter,
      now: this.#begun,
    })
    this.#envelope = envelope
    this.#draft = asReplies(() => this.#options.intake.begin(envelope))
  }

  /** Throws ReplyError. A promise means: wait. */
  write(octets: Buffer): MaybePromise<void> {
    const converter = this.#converter
    return this.#take(converter === undefined ? octets : asReplies(() => converter.write(octets)))
  }

  #take(octets: Buffer): MaybePromise<void> {
    if (!this.#eightBit) this.#eightBit = !this.#isBinary && !isAscii(octets)
    if (this.#headerEnded) return this.#pass(octets)
    this.#headerEnded = this.#header.write(octets)
    if (this.#held === undefined) return this.#pass(octets)
    const released = this.#held.pass(octets, this.#header)
    if (released === undefined) return undefined
    this.#held = undefined
    return this.#pass(released)
  }

  /**
   * Makes it durable behind a Received field and what `check` adds, whole header fields that the edge wants in front.
   * Guarantee: when fulfilled, the message is safe (IntakeDraft.commit). Throws ReplyError; then nothing is enqueued.
   */
  async commit(check: HeaderCheck = () => []): Promise<QueueId> {
    try {
      if (this.#converter !== undefined) await this.#take(this.#converter.end())
      const end = this.#header.end()
      checkHeaderShape(this.#header, end, this.#shape)
      if (this.#held !== undefined) await this.#pass(this.#held.release(this.#header))
      const added = await check(this.#header)
      const fields = [this.#received(), ...added]
      const isBare = hasNoHeader(end)
      const prefix = Buffer.concat(isBare ? [...fields, CRLF] : fields)
      const found = this.#found()
      this.#envelope = { ...this.#envelope!, ...found }
      // Fields in front that an index tells of, and an empty line, would make it wrong.
      const { index, messageId } = this.#index.end()
      this.#messageId = messageIdIn(added) ?? messageId
      return await this.#draft!.commit(prefix, found, added.length > 0 || isBare ? undefined : index)
    } catch (error) {
      this.abort()
      return refuse(error)
    }
  }

  /** The transaction is off. Never fails. */
  abort(): void {
    this.#draft?.abort()
  }

  /** What the peer is told once `commit` is done. */
  accepted(queueId: QueueId): Reply {
    return replies.queued(queueId)
  }

  #pass(octets: Buffer): MaybePromise<void> {
    this.#index.write(octets)
    const waiting = asReplies(() => this.#draft!.write(octets))
    return waiting?.catch(refuse)
  }

  /** Kept with octets that only BINARYMIME carries. */
  get #isBinary(): boolean {
    return this.#mail.parameters.body === 'BINARYMIME' && this.#converter === undefined
  }

  #found(): FoundInContent {
    const hops = this.#header.count('Received')
    return {
      ...(hops > 0 && { hops }),
      // RFC 6152 §3 deviation: octets that the client did not announce are let pass, and announced from here on.
      ...(this.#eightBit && { body: '8BITMIME' as const }),
      ...(this.#converter !== undefined && !this.#eightBit && { body: '7BIT' as const }),
      ...(this.#isTlsOptional() && { tlsOptional: true as const }),
    }
  }

  /** The parameter wins over the field. */
  // RFC 8689 §3
  #isTlsOptional(): boolean {
    // Most messages have no such field, and their header need not be parsed for it.
    if (this.#mail.parameters.requireTls || this.#header.count('TLS-Required') !== 1) return false
    return isTlsOptional(this.#header.block())
  }

  // RFC 5321 §4.4, RFC 3848 §1. The account is nobody's business but ours, and is not in it.
  #received(): Buffer {
    const { helo, address, name, tls, isLocal } = this.#client
    const [only, ...others] = this.#recipients
    return receivedField({
      ...(!isLocal && { from: { helo, address, ...(name !== undefined && { name }) } }),
      by: this.#options.hostname,
      ...(!isLocal && { with: this.#client.protocol(this.#mail.parameters.smtpUtf8 === true) }),
      ...(tls && { tls: { version: tls.version, cipher: tls.cipher } }),
      id: this.#draft!.queueId,
      ...this.#asked(),
      // RFC 5321 §7.6: with several, each would learn of the others
      ...(only !== undefined && others.length === 0 && { for: only.address }),
      at: this.#options.clock.now(),
    })
  }

  /** What the client asked for that those who read the trace may want to know. */
  // RFC 3865 §2.6, RFC 6710 §4
  #asked(): { readonly solicitations?: readonly string[]; readonly priority?: number } {
    const { solicitations, priority } = this.#mail.parameters
    return {
      ...(solicitations !== undefined && { solicitations }),
      ...(priority !== undefined && { priority: this.#terms.priority }),
    }
  }
}

function messageIdIn(fields: readonly Buffer[]): string | undefined {
  for (const field of fields) {
    const found = MESSAGE_ID.exec(field.toString())
    if (found !== null) return found[1]
  }
  return undefined
}

// RFC 5322 §2.1: a header and a body are separated by an empty line. A message that begins with its body gets one,
// so that its first lines are never read as fields.
function hasNoHeader(end: HeaderEnd): boolean {
  return end.fieldsEnd === 0 && end.reason === 'otherLine'
}

function asReplies<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    refuse(error)
  }
}

/** Our store's fault, or what cannot be encoded, in words for the peer. RFC 1870 §6.1, RFC 5321 §4.2.4 */
function refuse(error: unknown): never {
  if (error instanceof ConversionError)
    throw new ReplyError(replies.notEncodable(error.obstacle), { reason: error.message, cause: error })
  if (!(error instanceof SpoolError)) throw error
  const reply = error.fault === 'full' ? replies.storeFull : replies.storeAway
  throw new ReplyError(reply, { reason: error.message, fault: 'store', cause: error })
}
