import { isPositive, ReplyError, replies, replyText, type Reply } from '@cartero/smtp/server'
import { isAsciiMailbox, parseMailbox, type Domain, type Mailbox } from '@cartero/syntax'
import type { LocalLetter, LocalRefusal } from './letter.ts'
import { addressesIn } from './local-header.ts'
import type { LocalSession } from './local-session.ts'

/** Who writes to whom, as it was named. */
export interface LocalEnvelope {
  /** Undefined is the null path. */
  readonly sender: Mailbox | undefined
  readonly recipients: readonly string[]
  /** Stands behind local parts that have no domain. */
  readonly home: Domain
}

/** Says the envelope. What is refused is told, and nothing has begun then. Throws ReplyError for the sender. */
export async function sayEnvelope(
  session: LocalSession,
  letter: LocalLetter,
  { sender, recipients, home }: LocalEnvelope,
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

/** Whom the letter names as its sender, or who runs the program; undefined is the null path. Throws ReplyError for what is no address. */
export function senderOf({ sender, user }: LocalLetter, home: Domain): Mailbox | undefined {
  const written = sender ?? user
  if (written === '' || written === '<>') return undefined
  const [address] = addressesIn(Buffer.from(written))
  const mailbox = address === undefined ? undefined : mailboxOf(address, home)
  if (mailbox === undefined) throw new ReplyError(replies.badSender)
  return mailbox
}

/** `localhost` is a name for here that means nothing elsewhere. */
function mailboxOf(address: string, home: Domain): Mailbox | undefined {
  const local = address.replace(/@localhost$/i, '')
  return parseMailbox(local === address && /@[^"]+$/.test(address) ? address : `${local}@${home}`)
}

const isRefusal = (verdict: Reply | undefined): verdict is Reply =>
  verdict !== undefined && !isPositive(verdict)
