import { replies } from '../../replies.ts'
import type { GreetingCommand } from '../../verb/greeting.ts'
import type { Dialogue } from '../dialogue.ts'
import { offerOf } from '../extension/offer.ts'
import type { VerbRow } from './row.ts'

const both = {
  only: ['smtp', 'odmr'],
  inOdmr: true,
  beforeTls: true,
  needsHelo: false,
  needsAuth: false,
  needsTransaction: false,
  pipelinedBehind: 'read',
  countsAsJunk: true,
  question: (dialogue: Dialogue, client: GreetingCommand) =>
    dialogue.session.helo === undefined ? undefined : ({ kind: 'helo', client } as const),
} satisfies Partial<VerbRow<GreetingCommand>>

/** A greeting clears what was begun, as RSET does. */
// RFC 5321 §4.1.4
function greet(dialogue: Dialogue, client: GreetingCommand): void {
  dialogue.dropTransaction()
  dialogue.client = client
}

// RFC 5321 §4.1.1.1
export const helo: VerbRow<GreetingCommand> = {
  ...both,
  verb: 'HELO',
  proceed: (dialogue, client, verdict) => {
    greet(dialogue, client)
    dialogue.extensions = new Set()
    dialogue.say(verdict ?? replies.helo(dialogue.policy.hostname))
  },
  help: 'HELO <your host name>',
  rfc: 'RFC 5321 §4.1.1.1',
}

// RFC 5321 §4.1.1.1
export const ehlo: VerbRow<GreetingCommand> = {
  ...both,
  verb: 'EHLO',
  proceed: (dialogue, client) => {
    greet(dialogue, client)
    const { lines, understood } = offerOf(dialogue)
    dialogue.extensions = understood
    dialogue.say(replies.ehlo(dialogue.policy.hostname, lines))
  },
  help: 'EHLO <your host name>',
  rfc: 'RFC 5321 §4.1.1.1',
}
