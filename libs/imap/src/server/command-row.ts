import type { MaybePromise } from '@cartero/wire'
import type { Extension } from '../capability.ts'
import type { Decoder } from '../decoder.ts'
import type { FetchedMessage } from '../fetch-response.ts'
import type { StatusResponse, UntaggedResponse } from '../response.ts'
import type { Exchange, Floor } from './exchange.ts'
import type { FullSession } from './session.ts'

/** RFC 3501 §3 */
export type State = 'notAuthenticated' | 'authenticated' | 'selected'

/** How a command ends: what is said, and what the connection is after it. */
export interface Done {
  readonly result: StatusResponse
  readonly untagged?: readonly UntaggedResponse[]
  /** Said after `untagged`, with backpressure. */
  readonly messages?: AsyncIterable<readonly FetchedMessage[]>
  readonly enter?: State
  /** The result carries the capabilities of the new state (RFC 3501 §7.1 CAPABILITY). */
  readonly announces?: true
  readonly enables?: readonly string[]
  /** The connection ends. */
  readonly leaves?: true
}

/** What follows from a well-formed command. */
export type Action =
  /** Ask the session; it decides. */
  | { readonly kind: 'ask'; readonly put: (session: FullSession) => MaybePromise<Done> }
  /** Nobody needs to be asked. */
  | { readonly kind: 'answer'; readonly done: Done }
  /** The command goes on over more lines. */
  | { readonly kind: 'exchange'; readonly start: (floor: Floor) => Exchange }
  | { readonly kind: 'startTls' }

/** What a command may depend on beside its arguments. */
export interface CommandFacts {
  readonly tag: string
  readonly state: State
  readonly tls: boolean
  readonly startTls: boolean
  /** Passwords may cross this connection. */
  readonly login: boolean
  readonly mechanisms: readonly string[]
  readonly capabilities: readonly string[]
  readonly extensions: ReadonlySet<Extension>
  /** IMAP4rev2 is on offer, and whether the client enabled it. */
  readonly rev2: { readonly offered: boolean; readonly enabled: boolean }
}

/** A command: where it is allowed, what it may shift, how it is read. One row each; CAPABILITY follows from the rows' needs. */
export interface CommandRow {
  /** In upper case; `UID FETCH` for the UID form. */
  readonly name: string
  /** `any` also before login; `authenticated` also while a mailbox is selected. */
  readonly state: 'any' | 'notAuthenticated' | 'authenticated' | 'selected'
  /** EXPUNGE may be said while it is carried out (RFC 3501 §7.4.1). */
  readonly expunges: boolean
  /** The command is unknown unless the session brings this. */
  readonly needs?: Extension
  /** Reads the arguments. Throws SyntaxFault, LimitError, ImapRefusal. The machine checks that nothing is left. */
  readonly read: (decoder: Decoder, facts: CommandFacts) => Action
}

export function ok(text: string, more: Omit<Done, 'result'> & Pick<StatusResponse, 'code'> = {}): Done {
  const { code, ...rest } = more
  return { result: { status: 'OK', text, ...(code && { code }) }, ...rest }
}

/** An action that asks the session. */
export function ask(put: (session: FullSession) => MaybePromise<Done>): Action {
  return { kind: 'ask', put }
}
