import type { Dialogue } from '../dialogue.ts'
import type { Honours } from '../session.ts'

const NOTHING: Honours = {}

/** What the session does for messages, now. A session that fails to say does nothing. */
export function honoursOf(dialogue: Dialogue): Honours {
  let honours = NOTHING
  dialogue.tell('honours', () => (honours = dialogue.session.honours?.() ?? NOTHING))
  return honours
}
