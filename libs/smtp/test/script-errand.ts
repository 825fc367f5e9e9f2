import type { Role } from '@cartero/wire'
import { CommandScanner, PARSERS, type EtrnCommand } from '@cartero/smtp'
import {
  replyText,
  type AtrnRequest,
  type Inquiry,
  type OutgoingRecipient,
  type OutgoingTransaction,
  type RecipientOutcome,
  type SmtpErrand,
} from '@cartero/smtp/client'
import { formatPath, parseForwardPath, parseReversePath } from '@cartero/smtp'
import { parseMailbox } from '@cartero/syntax'

/** An errand with a list of messages, which writes down what became of them. */
export class ScriptErrand implements SmtpErrand {
  readonly told: string[] = []
  readonly #messages: (OutgoingTransaction | Inquiry | AtrnRequest)[] = []

  /** `<from> <to>,<to>[notify=…;orcpt=…] [trait…]`, its octets from `content`. Traits: see `TRAITS`. */
  add(description: string, content: OutgoingTransaction['content']): void {
    const [from = '', to = '', ...traits] = description.split(' ')
    this.#messages.push({
      reversePath: parseReversePath(from.slice(1, -1))!,
      recipients: to.split(',').map(recipientOf),
      content,
      ...Object.assign({}, ...traits.map(traitOf)),
    })
  }

  /** `home.example,house.example`: ATRN is said for them. `role` false has nobody who would take the mail. */
  askToTurn(domains: string, role = true): void {
    this.#messages.push({
      command: { verb: 'ATRN', domains: domains === '' ? [] : domains.split(',') },
      heard: (reply) => {
        this.told.push(`ATRN was answered ${replyText(reply)}`)
        return role ? roleThatTells(this.told) : undefined
      },
    })
  }

  /** `VRFY tim`, `EXPN staff SMTPUTF8`, `HELP`, … */
  ask(question: string): void {
    const [verb = '', ...words] = question.split(' ')
    const heard: Inquiry['heard'] = (reply) => this.told.push(`${verb} was answered ${replyText(reply)}`)
    if (verb === 'ETRN') {
      const command = PARSERS.ETRN(new CommandScanner(Buffer.from(words.join(' '))), new Set()) as EtrnCommand
      return void this.#messages.push({ command, heard })
    }
    const smtpUtf8 = words.at(-1) === 'SMTPUTF8'
    const text = words.slice(0, smtpUtf8 ? -1 : undefined).join(' ')
    const isLookUp = verb === 'VRFY' || verb === 'EXPN'
    this.#messages.push({
      command: isLookUp ? { verb, text, smtpUtf8 } : { verb: verb as 'HELP' | 'NOOP', text },
      heard,
    })
  }

  next(): OutgoingTransaction | Inquiry | AtrnRequest | undefined {
    return this.#messages.shift()
  }

  /** Given by `! ahead`: messages are given before those before are settled. */
  more: () => OutgoingTransaction | undefined = () => undefined

  ahead(): void {
    this.more = () => this.#messages.shift() as OutgoingTransaction | undefined
  }

  settled(_transaction: OutgoingTransaction, outcomes: readonly RecipientOutcome[]): void {
    for (const outcome of outcomes) this.told.push(describeOutcome(outcome))
  }

  closed: NonNullable<SmtpErrand['closed']> = (how) => {
    if (!('reply' in how)) this.told.push(how.kind)
    else this.told.push(`${how.kind} at ${how.stage}: ${replyText(how.reply)}`)
  }
}

/** The role that has the connection next, as far as the machine before it deals with it. */
function roleThatTells(told: string[]): Role {
  const machine = { disconnected: () => void told.push('role disconnected') }
  return { machine: machine as Role['machine'], decide: () => undefined }
}

type Trait = Partial<OutgoingTransaction>

const TRAITS: Readonly<Record<string, (value: string) => Trait>> = {
  verb: (value) => ({ verb: value as 'SEND' }),
  size: (value) => ({ size: Number(value) }),
  '8bit': () => ({ body: '8bit' }),
  binary: () => ({ body: 'binary' }),
  utf8: () => ({ smtpUtf8: true }),
  ret: (value) => ({ return: value as 'full' | 'headers' }),
  envid: (value) => ({ envelopeId: value }),
  by: (value) => ({
    deliverBy: {
      seconds: Number.parseInt(value),
      mode: value.includes('R') ? 'return' : 'notify',
      trace: false,
    },
  }),
  hold: (value) => ({ holdFor: Number(value) }),
  priority: (value) => ({ priority: Number(value) }),
  requiretls: () => ({ requireTls: true }),
  solicit: (value) => ({ solicitations: [value] }),
  auth: (value) => ({ auth: value === '<>' ? '<>' : parseMailbox(value)! }),
  xforward: (value) => ({ xforward: { name: value, address: '192.0.2.1', source: 'REMOTE', helo: null } }),
}

function traitOf(text: string): Trait {
  const [name = '', value = ''] = text.split('=')
  return TRAITS[name]!(value)
}

/** `<path>`, or `<path>[success]` with what is to be notified, and an original recipient. */
function recipientOf(text: string): OutgoingRecipient {
  const [, path = '', notify] = /^<(.*)>(?:\[(\w+)\])?$/.exec(text)!
  const parsed = parseForwardPath(path)!
  if (notify === undefined) return { path: parsed }
  return {
    path: parsed,
    parameters: { notify: [notify as 'success'], originalRecipient: 'rfc822;tom@old.example' },
  }
}

function describeOutcome({ recipient, kind, reply, by, stage, without }: RecipientOutcome): string {
  const lacks = without === undefined ? '' : ` without ${without.join()}`
  return `<${formatPath(recipient)}> ${kind}${lacks} at ${stage} by ${by}: ${replyText(reply)}`
}
