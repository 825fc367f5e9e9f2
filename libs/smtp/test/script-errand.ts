import {
  replyText,
  type OutgoingTransaction,
  type RecipientOutcome,
  type SmtpErrand,
} from '@cartero/smtp/client'
import { formatPath, parseForwardPath, parseReversePath } from '@cartero/smtp'

/** An errand with a list of messages, which writes down what became of them. */
export class ScriptErrand implements SmtpErrand {
  readonly told: string[] = []
  readonly #messages: OutgoingTransaction[] = []

  /** `<from> <to>,<to> [size=n] [8bit] [utf8]`, its octets from `content`. */
  add(description: string, content: OutgoingTransaction['content']): void {
    const [from = '', to = '', ...traits] = description.split(' ')
    const size = traits.find((trait) => trait.startsWith('size='))?.slice('size='.length)
    this.#messages.push({
      reversePath: parseReversePath(from.slice(1, -1))!,
      recipients: to.split(',').map((path) => parseForwardPath(path.slice(1, -1))!),
      content,
      ...(size === undefined ? {} : { size: Number(size) }),
      eightBit: traits.includes('8bit'),
      smtpUtf8: traits.includes('utf8'),
    })
  }

  next(): OutgoingTransaction | undefined {
    return this.#messages.shift()
  }

  settled(_transaction: OutgoingTransaction, outcomes: readonly RecipientOutcome[]): void {
    for (const outcome of outcomes) this.told.push(describeOutcome(outcome))
  }

  closed: NonNullable<SmtpErrand['closed']> = (how) => {
    if (how.kind === 'quit') this.told.push('quit')
    else this.told.push(`${how.kind} at ${how.stage}: ${replyText(how.reply)}`)
  }
}

function describeOutcome({ recipient, kind, reply, by, stage }: RecipientOutcome): string {
  return `<${formatPath(recipient)}> ${kind} at ${stage} by ${by}: ${replyText(reply)}`
}
