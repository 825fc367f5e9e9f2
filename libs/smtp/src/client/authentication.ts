import { decodeBase64, type SaslClientMechanism } from '@cartero/sasl'
import { replies, substitutes } from '../replies.ts'
import { isPositive, type Reply } from '../reply.ts'
import { formatAuth } from '../verb/auth.ts'
import type { Conversation } from './conversation.ts'
import { COMMAND_LINE_OCTETS } from './limits.ts'

const CHALLENGE = replies.challenge('').code
const EMPTY = Buffer.alloc(0)

/** Authenticates, if that is wanted, or leaves; then the server can be given mail. */
// RFC 4954 §4
export function authenticate(conversation: Conversation): void {
  const { authenticate: choose, allowPlaintextAuth } = conversation.options
  if (choose === undefined || conversation.authenticated) {
    conversation.ready = true
    return
  }
  const inTheClear = conversation.tls === undefined && allowPlaintextAuth !== true
  const offered = conversation.offer.get('AUTH')?.toUpperCase().split(/ +/) ?? []
  const chosen = inTheClear ? undefined : choose(offered, conversation.tls)
  if (chosen === undefined) return conversation.refused('AUTH', substitutes.authUnavailable, 'us')
  const { name, exchange } = chosen
  const initial = exchange.initial()
  const line = formatAuth(name, initial)
  // RFC 4954 §4: an initial response that makes the line too long waits for its 334
  if (line.length <= COMMAND_LINE_OCTETS) say(conversation, line, exchange)
  else say(conversation, formatAuth(name, undefined), exchange, initial)
}

/** Says one line of an exchange. `late` is an initial response that was too long to go with the command. */
function say(conversation: Conversation, line: string, mechanism: SaslClientMechanism, late?: Buffer): void {
  const heard = (reply: Reply): void => {
    if (reply.code === CHALLENGE) return respond(conversation, mechanism, reply, late)
    if (!isPositive(reply)) return conversation.refused('AUTH', reply)
    // A server that says yes without having proved itself may be somebody else (RFC 5802 §3).
    if (!mechanism.complete) return conversation.refused('AUTH', substitutes.serverNotProven, 'us')
    conversation.authenticated = true
    conversation.ready = true
  }
  conversation.command('AUTH', line, heard, { goAhead: CHALLENGE })
}

/** Answers a challenge; the error of a bearer mechanism is one too, which its response ends (RFC 7628 §3.2.3). */
function respond(
  conversation: Conversation,
  mechanism: SaslClientMechanism,
  reply: Reply,
  late: Buffer | undefined,
): void {
  try {
    const text = reply.lines[0]!
    const challenge = text === '' ? EMPTY : decodeBase64(Buffer.from(text))
    const response = late ?? (challenge === undefined ? undefined : mechanism.respond(challenge))
    if (response !== undefined) return say(conversation, response.toString('base64'), mechanism)
  } catch {
    // SaslClientError: the server is not to be trusted; the exchange is cancelled below.
  }
  const cancelled = (): void => conversation.refused('AUTH', substitutes.serverNotProven, 'us')
  conversation.command('AUTH', '*', cancelled)
}
