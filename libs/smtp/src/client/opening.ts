import { decodeBase64, type SaslClientMechanism } from '@cartero/sasl'
import { parseOffer } from '../extensions.ts'
import { replies, substitutes } from '../replies.ts'
import { isPermanent, isPositive, type Reply } from '../reply.ts'
import { formatAuth } from '../verb/auth.ts'
import { formatGreeting } from '../verb/greeting.ts'
import type { Conversation } from './conversation.ts'

const CHALLENGE = replies.challenge('').code
const EMPTY = Buffer.alloc(0)
/** Octets of an initial response in base64 that still fit a command line (RFC 4954 §4); a longer one waits for its 334. */
const INITIAL_RESPONSE = 480

/** Greeting, EHLO, STARTTLS, EHLO again, AUTH; then the first message is asked for. */
// RFC 5321 §3.1
export function open(conversation: Conversation): void {
  conversation.steps.plan({
    stage: 'greeting',
    say: undefined,
    patience: conversation.patience.greeting,
    endsGroup: true,
    heard: (reply) => {
      conversation.greeting = reply
      if (isPositive(reply)) sayEhlo(conversation)
      else conversation.refused('greeting', reply)
    },
  })
}

/** After the greeting, and again when TLS has made all that was said before worthless (RFC 3207 §4.2). */
export function sayEhlo(conversation: Conversation): void {
  conversation.command('EHLO', formatGreeting('EHLO', conversation.options.hostname), (reply) => {
    if (isPositive(reply)) {
      conversation.offer = parseOffer(reply.lines)
      secure(conversation)
    } else if (isPermanent(reply)) sayHelo(conversation)
    else conversation.refused('EHLO', reply)
  })
}

// RFC 5321 §3.2: servers that know no EHLO
function sayHelo(conversation: Conversation): void {
  conversation.offer = new Map()
  conversation.command('HELO', formatGreeting('HELO', conversation.options.hostname), (reply) => {
    if (isPositive(reply)) secure(conversation)
    else conversation.refused('HELO', reply)
  })
}

// RFC 3207 §4
function secure(conversation: Conversation): void {
  const wanted = conversation.options.startTls ?? 'off'
  if (conversation.tls !== undefined || wanted === 'off') return authenticate(conversation)
  const required = wanted === 'required'
  if (!conversation.offer.has('STARTTLS')) {
    if (!required) return authenticate(conversation)
    return conversation.refused('STARTTLS', substitutes.tlsUnavailable, 'us')
  }
  conversation.command('STARTTLS', 'STARTTLS', (reply) => {
    if (reply.code === replies.readyForTls.code) conversation.startTls()
    else if (required) conversation.refused('STARTTLS', reply)
    else authenticate(conversation)
  })
}

// RFC 4954 §4
function authenticate(conversation: Conversation): void {
  const { authenticate: choose, allowPlaintextAuth } = conversation.options
  if (choose === undefined || conversation.authenticated) return conversation.ask()
  const inTheClear = conversation.tls === undefined && allowPlaintextAuth !== true
  const offered = conversation.offer.get('AUTH')?.toUpperCase().split(/ +/) ?? []
  const chosen = inTheClear ? undefined : choose(offered, conversation.tls)
  if (chosen === undefined) return conversation.refused('AUTH', substitutes.authUnavailable, 'us')
  const initial = chosen.exchange.initial()
  const fits = initial !== undefined && initial.length * 1.34 <= INITIAL_RESPONSE
  const late = fits ? undefined : initial
  exchange(conversation, formatAuth(chosen.name, fits ? initial : undefined), chosen.exchange, late)
}

/** Says one line of an exchange. `late` is an initial response that was too long to go with the command. */
function exchange(
  conversation: Conversation,
  line: string,
  mechanism: SaslClientMechanism,
  late?: Buffer,
): void {
  conversation.command('AUTH', line, (reply) => {
    if (reply.code === CHALLENGE) return respond(conversation, mechanism, reply, late)
    if (!isPositive(reply)) return conversation.refused('AUTH', reply)
    // A server that says yes without having proved itself may be somebody else (RFC 5802 §3).
    if (!mechanism.complete) return conversation.refused('AUTH', substitutes.serverNotProven, 'us')
    conversation.authenticated = true
    conversation.ask()
  })
}

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
    if (response !== undefined) return exchange(conversation, response.toString('base64'), mechanism)
  } catch {
    // SaslClientError: the server is not to be trusted; the exchange is cancelled below.
  }
  conversation.command('AUTH', '*', () => conversation.refused('AUTH', substitutes.serverNotProven, 'us'))
}
