import { HeaderScanner, receivedField, transmissionType, type HeaderEnd } from '@cartero/message'
import { formatPath } from '@cartero/smtp'
import { ReplyError, replies, type GreetingCommand, type MailCommand, type Reply } from '@cartero/smtp/server'
import type { Clock, ConnectionFacts, MaybePromise, TlsFacts } from '@cartero/wire'
import {
  SpoolError,
  type Envelope,
  type EnvelopeRecipient,
  type Intake,
  type IntakeDraft,
  type QueueId,
} from '../ports.ts'

/** Trace fields in a header beyond which a message is taken to go in circles. RFC 5321 §6.3: at least 100. */
export const MAX_HOPS = 100

/** The fields that edges want to know about without reading the header twice. */
const FIELDS = ['Received', 'Date', 'Message-ID', 'From'] as const

const CRLF = Buffer.from('\r\n')

/** Who hands the message in. */
export interface Client {
  readonly connection: ConnectionFacts
  readonly greeting: GreetingCommand | undefined
  readonly tls: TlsFacts | undefined
  /** Present after authentication. */
  readonly account?: string
}

export interface ReceptionOptions {
  readonly intake: Intake
  /** Our own name in the trace. */
  readonly hostname: string
  readonly clock: Clock
}

/**
 * One message on its way in by SMTP. Octets go straight to the intake while the header is looked at on the way, so that
 * nothing is read back. A store's troubles become replies: full is 452, away is 451.
 */
export class Reception {
  readonly #options: ReceptionOptions
  readonly #client: Client
  readonly #mail: MailCommand
  readonly #recipients: EnvelopeRecipient[] = []
  readonly #header = new HeaderScanner(FIELDS)
  #headerEnded = false
  #draft: IntakeDraft | undefined
  #envelope: Envelope | undefined

  constructor(mail: MailCommand, client: Client, options: ReceptionOptions) {
    this.#mail = mail
    this.#client = client
    this.#options = options
  }

  /** What was promised; known from `begin` on. */
  get envelope(): Envelope | undefined {
    return this.#envelope
  }

  addRecipient(address: string): void {
    this.#recipients.push({ address })
  }

  /** The octets are about to come. Throws ReplyError. */
  begin(): void {
    const envelope = this.#makeEnvelope()
    this.#envelope = envelope
    this.#draft = asReplies(() => this.#options.intake.begin(envelope))
  }

  /** Throws ReplyError. A promise means: wait. */
  write(octets: Buffer): MaybePromise<void> {
    if (!this.#headerEnded) this.#headerEnded = this.#header.write(octets)
    const waiting = asReplies(() => this.#draft!.write(octets))
    return waiting?.catch(refuse)
  }

  /**
   * Makes it durable behind a Received field and `added`, whole header fields that the edge wants in front.
   * Guarantee: when fulfilled, the message is safe (IntakeDraft.commit). Throws ReplyError.
   */
  async commit(added: (header: HeaderScanner) => readonly Buffer[] = () => []): Promise<QueueId> {
    const end = this.#header.end()
    // RFC 5321 §6.3
    if (this.#header.count('Received') >= MAX_HOPS) throw new ReplyError(replies.loop)
    const fields = [this.#received(), ...added(this.#header)]
    const prefix = Buffer.concat(hasNoHeader(end) ? [...fields, CRLF] : fields)
    return this.#draft!.commit(prefix).catch(refuse)
  }

  /** The transaction is off. Never fails. */
  abort(): void {
    this.#draft?.abort()
  }

  /** What the peer is told once `commit` is done. */
  accepted(queueId: QueueId): Reply {
    return replies.queued(queueId)
  }

  // RFC 5321 §4.4, RFC 3848
  #received(): Buffer {
    const { connection, greeting, tls } = this.#client
    const [only, ...others] = this.#recipients
    return receivedField({
      from: { helo: greeting?.name ?? 'unknown', address: connection.remoteAddress },
      by: this.#options.hostname,
      with: this.#protocol(),
      ...(tls && { tls: { version: tls.version, cipher: tls.cipher } }),
      id: this.#draft!.queueId,
      ...(only !== undefined && others.length === 0 && { for: only.address }),
      at: this.#options.clock.now(),
    })
  }

  get #isUtf8(): boolean {
    return this.#mail.parameters.smtpUtf8 === true
  }

  #protocol(): string {
    const { greeting, tls, account } = this.#client
    return transmissionType({
      extended: greeting?.verb === 'EHLO',
      tls: tls !== undefined,
      authenticated: account !== undefined,
      utf8: this.#isUtf8,
    })
  }

  #makeEnvelope(): Envelope {
    const { connection, greeting, account } = this.#client
    const { body } = this.#mail.parameters
    return {
      reversePath: formatPath(this.#mail.reversePath),
      recipients: this.#recipients,
      client: {
        address: connection.remoteAddress,
        helo: greeting?.name ?? 'unknown',
        protocol: this.#protocol(),
      },
      ...(account !== undefined && { account }),
      ...(body !== undefined && { body }),
      ...(this.#isUtf8 && { smtpUtf8: true }),
    }
  }
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

/** Our store's fault, in words for the peer. RFC 1870 §6.1, RFC 5321 §4.2.4 */
function refuse(error: unknown): never {
  if (!(error instanceof SpoolError)) throw error
  const reply = error.fault === 'full' ? replies.storeFull : replies.tryLater
  throw new ReplyError(reply, { reason: error.message, fault: 'store', cause: error })
}
