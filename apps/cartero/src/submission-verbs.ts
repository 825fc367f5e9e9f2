import { ControlError, type ControlUploads } from '@cartero/agent/admin'
import type { LocalLetter, LocalSubmission } from '@cartero/msa-agent/agent'

/** The verb that takes a message of a program on this machine: a LocalLetter, and its octets. Its answer is a LocalOutcome. */
export const SUBMIT = 'mail.submit'

/** Whoever may open the control socket may write in any name. */
export function submissionUploads(local: () => LocalSubmission | undefined): ControlUploads {
  return {
    [SUBMIT]: (argument, octets, signal) => {
      const taker = local()
      if (taker === undefined) throw new ControlError('unreachable', 'the system is still starting')
      return taker.submit(letterOf(argument), octets, signal)
    },
  }
}

/** What comes through a socket is looked at. Throws ControlError. */
function letterOf(argument: unknown): LocalLetter {
  const letter = (argument ?? {}) as Partial<LocalLetter>
  if (typeof letter.user !== 'string' || !Array.isArray(letter.recipients))
    throw new ControlError('usage', 'a message needs its user and recipients')
  return { ...letter, isForHeader: letter.isForHeader === true } as LocalLetter
}
