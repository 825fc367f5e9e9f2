import type { Patience } from '@cartero/wire'
import { replies } from '../replies.ts'
import { isPositive, type Reply } from '../reply.ts'
import type { Dialogue, Phase } from './dialogue.ts'
import { verdictOf } from './question.ts'

/** We speak first; the client waits for it. */
// RFC 5321 §3.1
export class GreetingPhase implements Phase {
  // Nothing is awaited from the client here.
  readonly patience: Patience = { milliseconds: 300_000, waitingFor: 'greeting' }

  #hasWaited = false

  step(dialogue: Dialogue): boolean {
    const { earlyTalkers, limits } = dialogue.policy
    if (earlyTalkers === 'refuse' && !this.#hasWaited) {
      this.#hasWaited = true
      dialogue.pause(limits.greetingDelay)
      return true
    }
    dialogue.readCommands()
    if (dialogue.session.greeting === undefined) greet(dialogue, undefined)
    else dialogue.ask({ kind: 'greeting' }, (answer) => greet(dialogue, verdictOf(answer)))
    return true
  }
}

function greet(dialogue: Dialogue, verdict: Reply | undefined): void {
  const { hostname, earlyTalkers } = dialogue.policy
  if (earlyTalkers === 'refuse' && dialogue.input.buffered > 0) {
    dialogue.refuse('', replies.earlyTalker(hostname))
    dialogue.close('dismissed')
    return
  }
  const reply = verdict ?? replies.greeting(hostname)
  dialogue.say(reply)
  dialogue.turnedAway = !isPositive(reply)
}
