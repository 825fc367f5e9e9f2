import { ReplyError, replyText } from '@cartero/smtp/server'
import { formatMailbox } from '@cartero/syntax'
import type { SubmissionOptions } from '../session.ts'
import { homeDomain } from './home-domain.ts'
import type { LocalLetter, LocalOutcome, LocalRefusal } from './letter.ts'
import { sayEnvelope, senderOf } from './local-envelope.ts'
import { readHead } from './local-head.ts'
import { addressesIn, headerRecipients, localHeader } from './local-header.ts'
import { localLines } from './local-lines.ts'
import { LocalSession } from './local-session.ts'

export interface LocalSubmissionOptions extends SubmissionOptions {
  /** Octets of the largest message. */
  readonly messageSize: number | undefined
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
    const lines = localLines(source, { messageSize: this.#options.messageSize, signal })
    try {
      return await this.#submit(session, letter, lines)
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
    const { directory, hostname, policy, submission } = this.#options
    const head = await readHead(lines, policy.header)
    const home = await homeDomain(directory, { hostname, qualifyWith: submission.qualifyWith })
    const named = letter.recipients.flatMap(recipientsIn)
    const fromHeader = letter.isForHeader ? headerRecipients(head.octets, head.end) : []
    const recipients = [...new Set([...named, ...fromHeader])]
    if (recipients.length === 0) return { kind: 'noRecipients' }
    const sender = senderOf(letter, home)
    const refusals = await sayEnvelope(session, letter, { sender, recipients, home })
    if (refusals.length > 0) {
      session.reset()
      return refused(refusals)
    }
    session.data()
    const author = {
      home,
      sender: sender === undefined ? '' : formatMailbox(sender),
      fullName: letter.fullName,
      dropsBlindCopies: letter.isForHeader,
    }
    await session.body(localHeader(head.octets, head.end, author))
    for await (const octets of lines) await session.body(octets)
    const { queueId } = await session.end()
    return { kind: 'accepted', queueId, recipients: recipients.length }
  }
}

/** What names nobody stays as it is written, to be refused: nobody is left out without a word. */
function recipientsIn(written: string): readonly string[] {
  const found = addressesIn(Buffer.from(written))
  return found.length > 0 ? found : [written]
}

function refused(refusals: readonly LocalRefusal[]): LocalOutcome {
  return { kind: 'refused', refusals }
}
