import { replies } from '../replies.ts'
import { ReplyError } from '../reply-error.ts'
import { isPositive } from '../reply.ts'
import type { Dialogue } from './dialogue.ts'
import { reversalOf, verdictOf, type SmtpAnswer, type TurnQuestion } from './question.ts'

/** Only between transactions. */
// RFC 2645 §5.2.1
export function checkTurn({ transaction }: Dialogue): void {
  if (transaction !== undefined) throw new ReplyError(replies.badSequence('a transaction is open'))
}

/** Asks the session for the role that is to have the connection, and lets it have it. */
export function askToTurn(dialogue: Dialogue, request: Pick<TurnQuestion, 'by' | 'domains'>): void {
  const unheard = new AbortController()
  const question = { kind: 'turn', ...request, signal: unheard.signal } as const
  dialogue.ask(question, (answer) => turn(dialogue, request.by, answer), unheard)
}

/**
 * What the client said before it knew that the roles are turned is no greeting of a server. Who has its mail at stake does
 * not guess: nothing is turned, and the client is sent away.
 */
// RFC 2645 §5.3
function turn(dialogue: Dialogue, by: TurnQuestion['by'], answer: SmtpAnswer): void {
  const reversal = reversalOf(answer)
  if (reversal === undefined) return refuse(dialogue, answer)
  const isAhead = dialogue.input.buffered > 0
  if (!isAhead && !dialogue.leaving) return dialogue.turnAround(reversal)
  dialogue.tell('disconnected', () => reversal.role.machine.disconnected())
  if (!isAhead) return // The machine says 421.
  dialogue.refuse(by, replies.pipelinedBehind(by))
  dialogue.close('dismissed')
}

/** Yes without a role is none. */
function refuse(dialogue: Dialogue, answer: SmtpAnswer): void {
  const verdict = verdictOf(answer)
  dialogue.say(verdict === undefined || isPositive(verdict) ? replies.cannotTurnNow : verdict)
}
