import type { MaybePromise } from '@cartero/wire'
import {
  MALFORMED,
  type NonceSource,
  type SaslFailure,
  type SaslServerMechanism,
  type SaslStep,
} from './mechanism.ts'
import { saslprep } from './saslprep.ts'
import { proves, type ScramKeys, serverSignature } from './scram-keys.ts'
import { type ClientFinal, type ClientFirst, parseClientFinal, parseClientFirst } from './scram-message.ts'
import type { CredentialVerifier } from './verifier.ts'

type Keys = ScramKeys & { readonly account?: string }

type State =
  | { readonly at: 'start' }
  | {
      readonly at: 'challenged'
      readonly first: ClientFirst
      readonly login: string
      readonly keys: Keys
      readonly nonce: string
      readonly serverFirst: string
    }
  | { readonly at: 'proven'; readonly account: string }
  | { readonly at: 'over' }

/**
 * SCRAM-SHA-256, server side, without channel binding. RFC 5802, RFC 7677
 *
 * Our signature goes out as a last challenge, which the client answers with nothing: RFC 5802 §5 wants the client to
 * have it before success, and SMTP and IMAP have no other place for it.
 */
// RFC 5802 §6 todo: SCRAM-SHA-256-PLUS (tls-exporter, RFC 9266); then `y` must be refused as a downgrade.
export class ScramServer implements SaslServerMechanism {
  readonly #verifier: CredentialVerifier
  readonly #newNonce: NonceSource
  #state: State = { at: 'start' }

  constructor(verifier: CredentialVerifier, newNonce: NonceSource) {
    this.#verifier = verifier
    this.#newNonce = newNonce
  }

  next(response: Buffer | undefined): MaybePromise<SaslStep> {
    const state = this.#state
    if (response === undefined) {
      return state.at === 'start' ? { kind: 'challenge', bytes: Buffer.alloc(0) } : this.#fail('malformed')
    }
    this.#state = { at: 'over' }
    if (state.at === 'start') return this.#start(response)
    if (state.at === 'challenged') return this.#finish(state, response)
    if (state.at === 'proven' && response.length === 0) return { kind: 'success', account: state.account }
    return MALFORMED
  }

  #start(response: Buffer): MaybePromise<SaslStep> {
    const first = parseClientFirst(response)
    if (first === undefined || first.channelBinding === 'p') return MALFORMED
    const login = saslprep(first.username)
    if (!login) return this.#fail('credentials', first.username)
    // Nobody acts for another, as in PLAIN.
    if (first.authzid !== '' && saslprep(first.authzid) !== login) return this.#fail('credentials', login)
    return this.#challenge(first, login)
  }

  async #challenge(first: ClientFirst, login: string): Promise<SaslStep> {
    let keys: Keys
    try {
      keys = await this.#verifier.scramKeys(login)
    } catch (cause) {
      return { kind: 'failure', reason: 'unavailable', login, cause }
    }
    const nonce = first.nonce + this.#newNonce()
    const serverFirst = `r=${nonce},s=${keys.salt.toString('base64')},i=${keys.iterations}`
    this.#state = { at: 'challenged', first, login, keys, nonce, serverFirst }
    return { kind: 'challenge', bytes: Buffer.from(serverFirst) }
  }

  #finish(state: State & { at: 'challenged' }, response: Buffer): SaslStep {
    const final = parseClientFinal(response)
    if (final === undefined) return MALFORMED
    const authMessage = `${state.first.bare},${state.serverFirst},${final.withoutProof}`
    const proven = proves(state.keys, final.proof, authMessage)
    const account = state.keys.account
    const right = proven && account !== undefined && repeats(final, state)
    this.#verifier.scramOutcome?.(state.login, right)
    if (!right) return this.#fail('credentials', state.login)
    this.#state = { at: 'proven', account }
    const signature = serverSignature(state.keys, authMessage).toString('base64')
    return { kind: 'challenge', bytes: Buffer.from(`v=${signature}`) }
  }

  #fail(reason: SaslFailure, login?: string): SaslStep {
    this.#state = { at: 'over' }
    return login === undefined ? { kind: 'failure', reason } : { kind: 'failure', reason, login }
  }
}

/** The client says again the nonce and the header it began with; else somebody changed them. RFC 5802 §5.1 */
function repeats(final: ClientFinal, state: State & { at: 'challenged' }): boolean {
  return final.nonce === state.nonce && final.channelBinding.equals(Buffer.from(state.first.gs2Header))
}
