import { HeaderScanner } from '@cartero/message'
import {
  DEFAULT_LIMITS,
  isPositive,
  NewlineReader,
  ReplyError,
  replies,
  replyText,
  type Reply,
} from '@cartero/smtp/server'
import { formatMailbox, isAsciiMailbox, parseMailbox, type Domain, type Mailbox } from '@cartero/syntax'
import type { SubmissionOptions } from '../session.ts'
import { homeDomain } from './home-domain.ts'
import type { LocalLetter, LocalOutcome, LocalRefusal } from './letter.ts'
import { addressesIn, headerRecipients, localHeader } from './local-header.ts'
import { LocalSession } from './local-session.ts'

export interface LocalSubmissionOptions extends SubmissionOptions {
  /** Octets of the largest message. */
  readonly messageSize: number | undefined
}

/** The beginning of a message, and what is known of it. */
interface Head {
  readonly octets: Buffer
  readonly end: ReturnType<HeaderScanner['end']>
}

/** Takes messages that programs on this machine hand over, as `sendmail` does, by the same policies as from our users. */
export class LocalSubmission {
  readonly #options: LocalSubmissionOptions

  constructor(options: LocalSubmissionOptions) {
    // Programs that write reports cannot mend them, and nobody reads their errors.
    const submission = { ...options.submission, headerAddresses: 'accept', messageData: 'accept' } as const
    this.#options = { ...options, submission }
  }

  /**
   * Takes one message, of which the octets may have lines that end with LF alone. Guarantee: when it is `accepted`, it is durable
   * (IntakeDraft.commit). Rejects with the signal's reason, or with what the source of the octets threw; then nothing was taken.
   */
  async submit(
    letter: LocalLetter,
    source: AsyncIterable<Buffer>,
    signal: AbortSignal,
  ): Promise<LocalOutcome> {
    const session = new LocalSession(letter.user, this.#options)
    try {
      return await this.#submit(session, letter, this.#lines(source, signal))
    } catch (error) {
      session.reset()
      if (error instanceof ReplyError) return refused([{ reply: replyText(error.reply) }])
      throw error
    }
  }

  async #submit(
    session: LocalSession,
    letter: LocalLetter,
    lines: AsyncGenerator<Buffer, void>,
  ): Promise<LocalOutcome> {
    const head = await this.#head(lines)
    const home = await homeDomain(this.#options.directory, {
      hostname: this.#options.hostname,
      qualifyWith: this.#options.submission.qualifyWith,
    })
    const named = letter.recipients.flatMap((each) => addressesIn(Buffer.from(each)))
    const fromHeader = letter.isForHeader ? headerRecipients(head.octets, head.end) : []
    const recipients = [...new Set([...named, ...fromHeader])]
    if (recipients.length === 0) return { kind: 'noRecipients' }
    const sender = senderOf(letter, home)
    const refusals = await envelope(session, letter, { sender, recipients, home })
    if (refusals.length > 0) {
      session.reset()
      return refused(refusals)
    }
    session.data()
    const author = {
      home,
      sender: formatSender(sender),
      fullName: letter.fullName,
      dropsBlindCopies: letter.isForHeader,
    }
    await session.body(localHeader(head.octets, head.end, author))
    for await (const octets of lines) await session.body(octets)
    const { queueId } = await session.end()
    return { kind: 'accepted', queueId, recipients: recipients.length }
  }

  /** All octets up to where the body begins, and perhaps some of it. Throws ReplyError when they are too many. */
  async #head(lines: AsyncGenerator<Buffer, void>): Promise<Head> {
    const { octets: most, fields } = this.#options.policy.header
    const scanner = new HeaderScanner([], { headerOctets: most, fields })
    const first = await firstLine(lines)
    const pieces = [first]
    for (let piece = first; !scanner.write(piece);) {
      if (scanner.exceeded) throw new ReplyError(replies.headerTooBig('octets'))
      const next = await lines.next()
      if (next.done === true) break
      pieces.push((piece = next.value))
    }
    return { octets: Buffer.concat(pieces), end: scanner.end() }
  }

  /** Lines that end with CRLF, the last one included. Throws ReplyError for what is too large. */
  async *#lines(source: AsyncIterable<Buffer>, signal: AbortSignal): AsyncGenerator<Buffer, void> {
    const { messageSize = DEFAULT_LIMITS.messageSize } = this.#options
    const newlines = new NewlineReader(true)
    let size = 0
    let last = 0
    const counted = (octets: Buffer): Buffer => {
      signal.throwIfAborted()
      size += octets.length
      if (size > messageSize) throw new ReplyError(replies.messageTooBig)
      last = octets.at(-1) ?? last
      return octets
    }
    for await (const chunk of source) {
      const octets = counted(newlines.read(chunk))
      if (newlines.sawNul) throw new ReplyError(replies.nulOctet)
      if (octets.length > 0) yield octets
    }
    const rest = newlines.end()
    if (rest !== undefined) yield counted(rest)
    if (size > 0 && last !== LF) yield counted(Buffer.from('\r\n'))
  }
}

const LF = 0x0a

/** Octets within which the first line ends, if it is one of a mailbox file. */
const LONGEST_MBOX_LINE = 1_000

/** The first octets, without the line with which mailboxes of old begin each message, and which is no field. */
async function firstLine(lines: AsyncGenerator<Buffer, void>): Promise<Buffer> {
  let octets = Buffer.alloc(0)
  while (octets.indexOf(LF) === -1 && octets.length < LONGEST_MBOX_LINE) {
    const next = await lines.next()
    if (next.done === true) break
    octets = Buffer.concat([octets, next.value])
  }
  const isMbox = /^>?From /.test(octets.subarray(0, 6).toString('latin1'))
  return isMbox ? octets.subarray(octets.indexOf(LF) + 1) : octets
}

interface Spoken {
  readonly sender: Mailbox | undefined
  readonly recipients: readonly string[]
  readonly home: Domain
}

/** Says the envelope. What is refused is told, and nothing has begun then. Throws ReplyError for the sender. */
async function envelope(
  session: LocalSession,
  letter: LocalLetter,
  { sender, recipients, home }: Spoken,
): Promise<readonly LocalRefusal[]> {
  const mailboxes = recipients.map((address) => mailboxOf(address, home))
  const isAscii = [sender, ...mailboxes].every((each) => each === undefined || isAsciiMailbox(each))
  const { notify, envelopeId, return: given } = letter
  const verdict = await session.mail({
    verb: 'MAIL',
    reversePath: sender,
    parameters: {
      ...(!isAscii && { smtpUtf8: true }),
      ...(envelopeId !== undefined && { envelopeId }),
      ...(given !== undefined && { return: given }),
    },
  })
  if (isRefusal(verdict)) throw new ReplyError(verdict)
  const refusals: LocalRefusal[] = []
  for (const [i, forwardPath] of mailboxes.entries()) {
    const parameters = notify === undefined ? {} : { notify }
    const answer =
      forwardPath === undefined
        ? replies.badRecipient
        : await answerOf(async () => session.rcpt({ verb: 'RCPT', forwardPath, parameters, utf8: !isAscii }))
    if (isRefusal(answer)) refusals.push({ recipient: recipients[i]!, reply: replyText(answer) })
  }
  return refusals
}

/** A refusal is an answer, whichever way it comes. */
async function answerOf(ask: () => Promise<Reply | undefined>): Promise<Reply | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof ReplyError) return error.reply
    throw error
  }
}

function senderOf({ sender, user }: LocalLetter, home: Domain): Mailbox | undefined {
  const written = sender ?? user
  const [address] = written === '' || written === '<>' ? [] : addressesIn(Buffer.from(written))
  if (address === undefined) return undefined
  const mailbox = mailboxOf(address, home)
  if (mailbox === undefined) throw new ReplyError(replies.badSender)
  return mailbox
}

/** `localhost` is a name for here that means nothing elsewhere. */
function mailboxOf(address: string, home: Domain): Mailbox | undefined {
  const local = address.replace(/@localhost$/i, '')
  return parseMailbox(local === address && /@[^"]+$/.test(address) ? address : `${local}@${home}`)
}

const formatSender = (sender: Mailbox | undefined): string =>
  sender === undefined ? '' : formatMailbox(sender)

const isRefusal = (verdict: Reply | undefined): verdict is Reply =>
  verdict !== undefined && !isPositive(verdict)

function refused(refusals: readonly LocalRefusal[]): LocalOutcome {
  return { kind: 'refused', refusals }
}
