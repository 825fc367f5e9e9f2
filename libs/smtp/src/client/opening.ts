import { parseOffer } from '../extensions.ts'
import { replies, substitutes } from '../replies.ts'
import { isPermanent, isPositive } from '../reply.ts'
import { formatGreeting } from '../verb/greeting.ts'
import { authenticate } from './authentication.ts'
import type { Conversation } from './conversation.ts'
import { proxiedLines } from './proxied-lines.ts'

/** Greeting, EHLO, STARTTLS, EHLO again, XCLIENT, EHLO again, AUTH; then the server can be given mail. */
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

/** After the greeting, and again when TLS or XCLIENT has made all that was said before worthless (RFC 3207 §4.2). */
export function sayEhlo(conversation: Conversation): void {
  // RFC 2033 §4.1
  const verb = conversation.isLmtp ? 'LHLO' : 'EHLO'
  conversation.command(verb, formatGreeting(verb, conversation.options.hostname), (reply) => {
    if (isPositive(reply)) {
      conversation.learn(parseOffer(reply.lines))
      secure(conversation)
    } else if (isPermanent(reply) && verb === 'EHLO') sayHelo(conversation)
    else conversation.refused(verb, reply)
  })
}

// RFC 5321 §3.2: servers that know no EHLO
function sayHelo(conversation: Conversation): void {
  conversation.learn(new Map())
  conversation.command('HELO', formatGreeting('HELO', conversation.options.hostname), (reply) => {
    if (isPositive(reply)) secure(conversation)
    else conversation.refused('HELO', reply)
  })
}

// RFC 3207 §4
function secure(conversation: Conversation): void {
  const wanted = conversation.options.startTls ?? 'off'
  if (conversation.tls !== undefined || wanted === 'off') return introduce(conversation)
  const required = wanted === 'required'
  if (!conversation.offer.has('STARTTLS')) {
    if (!required) return introduce(conversation)
    return conversation.refused('STARTTLS', substitutes.tlsUnavailable, 'us')
  }
  conversation.command('STARTTLS', 'STARTTLS', (reply) => {
    if (reply.code === replies.readyForTls.code) conversation.startTls()
    else if (isPositive(reply)) conversation.outOfStep(`${reply.code} is no answer to STARTTLS`)
    else if (required) conversation.refused('STARTTLS', reply)
    else introduce(conversation)
  })
}

/** Says for whom we speak, to a server that offers to hear it; then everything is as if he had connected. */
// Postfix XCLIENT
function introduce(conversation: Conversation): void {
  const { offer, options, introduced } = conversation
  conversation.introduced = true
  const lines =
    options.xclient === undefined || introduced
      ? []
      : proxiedLines('XCLIENT', options.xclient, offer.get('XCLIENT'))
  sayXclient(conversation, lines)
}

/** A server that declines would take what follows for our own doing, and it may trust us with more: we leave. */
function sayXclient(conversation: Conversation, [line, ...others]: readonly string[]): void {
  if (line === undefined) return authenticate(conversation)
  conversation.command('XCLIENT', line, (reply) => {
    if (!isPositive(reply)) conversation.refused('XCLIENT', reply)
    else if (others.length > 0) sayXclient(conversation, others)
    else sayEhlo(conversation)
  })
}
