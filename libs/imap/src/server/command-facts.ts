import { capabilities, isRev2, type CapabilityFacts } from '../capability.ts'
import type { ImapLimits } from '../limits.ts'
import type { CommandFacts, State } from './command-row.ts'
import type { ImapServerOptions } from './options.ts'

/** What changes from command to command. */
export interface Circumstances {
  readonly tag: string
  readonly state: State
  /** IMAP4rev2 was enabled. */
  readonly rev2: boolean
}

/** What a command may depend on, and what CAPABILITY says, out of the same facts. */
export function commandFacts(
  options: ImapServerOptions,
  limits: ImapLimits,
  tls: boolean,
  { tag, state, rev2 }: Circumstances,
): CommandFacts {
  const mayCross = tls || options.plaintextLogin
  const mechanisms = state === 'notAuthenticated' ? options.mechanisms(mayCross) : []
  const facts: CapabilityFacts = {
    authenticated: state !== 'notAuthenticated',
    tls,
    startTls: options.startTls,
    // LOGIN is another way to say PLAIN, and is switched off with it.
    login: mayCross && mechanisms.includes('PLAIN'),
    mechanisms,
    extensions: options.extensions,
    appendLimit: limits.appendSize,
    hidden: options.hidden ?? NOTHING,
  }
  return {
    ...facts,
    tag,
    state,
    capabilities: capabilities(facts),
    rev2: { offered: isRev2(facts), enabled: rev2 },
  }
}

const NOTHING: ReadonlySet<string> = new Set()
