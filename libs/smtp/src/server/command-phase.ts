import type { Line, Patience } from '@cartero/wire'
import { PARSERS, splitVerb, type SmtpCommand } from '../command.ts'
import { ReplyError } from '../reply-error.ts'
import { replies } from '../replies.ts'
import { isPermanent, isPositive, type Reply } from '../reply.ts'
import type { Dialogue, Phase } from './dialogue.ts'
import { discard } from './discard-phase.ts'
import type { ServerPolicy } from './options.ts'
import { verdictOf } from './question.ts'
import type { VerbRow } from './verb/row.ts'
import { findVerb, FOREIGN_VERBS, isSpoken } from './verbs.ts'

const SPACE = 0x20
const DEL = 0x7f

/** Reads commands and takes each through its three beats. */
// RFC 5321 §4.1
export class CommandPhase implements Phase {
  readonly patience: Patience

  constructor(policy: ServerPolicy) {
    this.patience = { milliseconds: policy.limits.commandPatience, waitingFor: 'command' }
  }

  step(dialogue: Dialogue): boolean {
    const line = dialogue.input.next()
    if (line === undefined) return false
    if (!dialogue.countCommand()) return true
    if (line.kind === 'line') this.#line(dialogue, line.bytes)
    else wrongLine(dialogue, line)
    return true
  }

  #line(dialogue: Dialogue, line: Buffer): void {
    const { verb, rest } = splitVerb(line)
    const row = findVerb(verb, dialogue.policy.protocol)
    if (row === undefined) return unknownVerb(dialogue, verb, line)
    try {
      if (dialogue.turnedAway && row.verb !== 'QUIT')
        throw new ReplyError(replies.badSequence('only QUIT is left'))
      checkLine(dialogue, row, line)
      checkSpoken(dialogue, row)
      checkPolicy(dialogue, row)
      checkAvailable(dialogue, row)
      checkProof(dialogue, row)
      const command = PARSERS[row.verb](rest, dialogue.extensions)
      row.check?.(dialogue, command)
      if (!checkPipeline(dialogue, row)) return
      decide(dialogue, row, command)
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error
      refuseBeforeQuestion(dialogue, row, line, error.reply)
    }
  }
}

function decide(dialogue: Dialogue, row: VerbRow, command: SmtpCommand): void {
  const question = row.question?.(dialogue, command)
  if (question === undefined) return proceed(dialogue, row, command, undefined)
  dialogue.ask(question, (answer) => proceed(dialogue, row, command, verdictOf(answer)))
}

function proceed(dialogue: Dialogue, row: VerbRow, command: SmtpCommand, verdict: Reply | undefined): void {
  if (verdict !== undefined && !isPositive(verdict)) {
    if (row.sayRefused === undefined) dialogue.say(verdict)
    else row.sayRefused(dialogue, command, verdict)
    row.countRefused?.(dialogue, verdict)
  } else row.proceed(dialogue, command, verdict)
  if (row.countsAsJunk) dialogue.countJunk()
}

/** What is no command is not read as one, whatever it stands behind. */
// RFC 3030 §2
function refuseBeforeQuestion(dialogue: Dialogue, row: VerbRow, line: Buffer, reply: Reply): void {
  if (row.octetsBehind === undefined) return wrong(dialogue, row.verb, reply)
  const octets = row.octetsBehind(line) ?? Infinity
  discard(dialogue, octets, octets, () => {
    dialogue.readCommands()
    wrong(dialogue, row.verb, reply)
  })
}

/** Length and characters. */
function checkLine(dialogue: Dialogue, row: VerbRow, line: Buffer): void {
  const { authLine, commandLine } = dialogue.policy.limits
  // RFC 4954 §4: an initial response makes AUTH longer than other commands may be
  const limit = row.verb === 'AUTH' ? authLine : commandLine
  if (line.length + 2 > limit) throw new ReplyError(replies.lineTooLong)
  for (let i = 0; i < line.length; i++) {
    const octet = line[i]!
    // RFC 5321 §4.1.2: control characters are in no command's grammar
    if (octet < 0x20 || octet === DEL) throw new ReplyError(replies.controlInCommand)
  }
}

// RFC 2645 §5.4
function checkSpoken({ policy }: Dialogue, row: VerbRow): void {
  if (!isSpoken(row, policy.protocol)) throw new ReplyError(replies.notImplemented)
}

/** The table's policy bits. */
function checkPolicy(dialogue: Dialogue, row: VerbRow): void {
  const { policy } = dialogue
  if (policy.requireTls && dialogue.tls === undefined && !row.beforeTls)
    throw new ReplyError(replies.tlsRequired)
  if (row.needsHelo && dialogue.client === undefined)
    throw new ReplyError(replies.badSequence(`${policy.protocol === 'lmtp' ? 'LHLO' : 'EHLO'} is needed`))
  if (policy.requireAuth && row.needsAuth === true && dialogue.account === undefined) {
    throw new ReplyError(replies.authRequired)
  }
  if (row.needsTransaction && dialogue.transaction === undefined) {
    throw new ReplyError(replies.badSequence('MAIL is needed'))
  }
}

// RFC 5321 §4.2.4
function checkAvailable(dialogue: Dialogue, row: VerbRow): void {
  const reply = row.available?.(dialogue)
  if (reply !== undefined) throw new ReplyError(reply)
}

/** What is not done for strangers, nor in the clear, wherever it is had at all. */
// RFC 2645 §5.2.1
function checkProof({ tls, account }: Dialogue, row: VerbRow): void {
  if (row.needsTls === true && tls === undefined) throw new ReplyError(replies.tlsRequired)
  if (row.needsAuth === 'always' && account === undefined) throw new ReplyError(replies.authRequired)
}

// RFC 2920 §3.1
function checkPipeline(dialogue: Dialogue, row: VerbRow): boolean {
  if (row.pipelinedBehind !== 'refuse' || dialogue.input.buffered === 0) return true
  dialogue.refuse(row.verb, replies.pipelinedBehind(row.verb))
  dialogue.close('dismissed')
  return false
}

function wrongLine(dialogue: Dialogue, line: Exclude<Line, { readonly kind: 'line' }>): void {
  const isTooLong = line.kind === 'tooLong'
  wrong(dialogue, '', isTooLong ? replies.lineTooLong : replies.bareNewlineInCommand)
  leaveOutOfStep(dialogue, isTooLong ? line.start : line.bytes)
}

function unknownVerb(dialogue: Dialogue, verb: string, line: Buffer): void {
  if (FOREIGN_VERBS.has(verb)) return dialogue.dismiss(replies.foreignProtocol(dialogue.policy.hostname))
  wrong(dialogue, verb.slice(0, 16), replies.unknownCommand)
  leaveOutOfStep(dialogue, line)
}

/** When octets stand behind a line that cannot be used, nobody knows how many: a message is not read as commands. */
// RFC 3030 §2
function leaveOutOfStep(dialogue: Dialogue, line: Buffer): void {
  const end = line.findIndex((octet) => octet <= SPACE)
  const { verb } = splitVerb(end === -1 ? line : line.subarray(0, end))
  const row = findVerb(verb, dialogue.policy.protocol)
  if (row?.octetsBehind !== undefined && dialogue.ending === undefined) dialogue.close('dismissed')
}

/** Answers what the client did wrong, and loses patience in the end. */
function wrong(dialogue: Dialogue, verb: string, reply: Reply): void {
  dialogue.refuse(verb, reply)
  // What is wrong with a message is no fault in the conversation, but gets no mail anywhere either.
  if (isAboutMail(reply)) dialogue.countJunk()
  else if (isPermanent(reply)) dialogue.countError()
}

// RFC 5321 §4.2.1: x5z is the mail system; other categories are about words and connections
function isAboutMail(reply: Reply): boolean {
  return isPermanent(reply) && Math.floor(reply.code / 10) % 10 === 5
}
