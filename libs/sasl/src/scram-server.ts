import type { MaybePromise, TlsFacts } from '@cartero/wire'
import {
  MALFORMED,
  type NonceSource,
  type SaslFailure,
  type SaslServerMechanism,
  type SaslStep,
} from './mechanism.ts'
import { saslprep } from './saslprep.ts'
import { channelBindingData } from './channel-binding.ts'
import { proves, sameOctets, type ScramHash, type ScramKeys, serverSignature } from './scram-keys.ts'
import {
  type ChannelBinding,
  type ClientFinal,
  type ClientFirst,
  parseClientFinal,
  parseClientFirst,
} from './scram-message.ts'
import type { CredentialVerifier } from './verifier.ts'

type Keys = ScramKeys & { readonly account?: string }

type State =
  | { readonly at: 'start' }
  | {
      readonly at: 'challenged'
      readonly first: ClientFirst
      readonly login: string
      /** The data of the channel, when it is bound. */
      readonly bound: Buffer
      readonly keys: Keys
      readonly nonce: string
      readonly serverFirst: string
    }
  | { readonly at: 'proven'; readonly account: string }
  | { readonly at: 'over' }

const NOTHING = Buffer.alloc(0)

export interface ScramServerOptions {
  readonly hash: ScramHash
  readonly verifier: CredentialVerifier
  readonly newNonce: NonceSource
  /** Present under TLS. */
  readonly tls?: TlsFacts | undefined
  /**
   * `bound`: the -PLUS mechanism, which binds the channel; `declined`: the client could have had one that does;
   * `none`: there was none on offer.
   */
  readonly binding: 'bound' | 'declined' | 'none'
}

/**
 * SCRAM, server side. RFC 5802, RFC 7677
 *
 * Our signature goes out as a last challenge, which the client answers with nothing: RFC 5802 §5 wants the client to
 * have it before success, and SMTP and IMAP have no other place for it.
 */
export class ScramServer implements SaslServerMechanism {
  readonly #options: ScramServerOptions
  #state: State = { at: 'start' }

  constructor(options: ScramServerOptions) {
    this.#options = options
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
    if (first === undefined) return MALFORMED
    const bound = this.#boundTo(first.channelBinding)
    if (bound === undefined) return MALFORMED
    const login = saslprep(first.username)
    if (!login) return this.#fail('credentials', first.username)
    // RFC 5802 §6: it did not see our offer to bind the channel, so somebody took it away.
    if (first.channelBinding.flag === 'y' && this.#options.binding === 'declined')
      return this.#fail('credentials', login)
    // Nobody acts for another, as in PLAIN.
    if (first.authzid !== '' && saslprep(first.authzid) !== login) return this.#fail('credentials', login)
    return this.#challenge(first, login, bound)
  }

  /** What the client must have mixed in; undefined when its flag does not go with the mechanism. RFC 5802 §6 */
  #boundTo(binding: ChannelBinding): Buffer | undefined {
    const { binding: expected, tls } = this.#options
    if (binding.flag === 'p') return expected === 'bound' ? channelBindingData(binding.type, tls) : undefined
    return expected === 'bound' ? undefined : NOTHING
  }

  async #challenge(first: ClientFirst, login: string, bound: Buffer): Promise<SaslStep> {
    const { verifier, hash, newNonce } = this.#options
    let keys: Keys
    try {
      keys = await verifier.scramKeys(login, hash)
    } catch (cause) {
      return { kind: 'failure', reason: 'unavailable', login, cause }
    }
    const nonce = first.nonce + newNonce()
    const serverFirst = `r=${nonce},s=${keys.salt.toString('base64')},i=${keys.iterations}`
    this.#state = { at: 'challenged', first, login, bound, keys, nonce, serverFirst }
    return { kind: 'challenge', bytes: Buffer.from(serverFirst) }
  }

  #finish(state: State & { at: 'challenged' }, response: Buffer): SaslStep {
    const final = parseClientFinal(response)
    if (final === undefined) return MALFORMED
    const authMessage = `${state.first.bare},${state.serverFirst},${final.withoutProof}`
    const { hash, verifier } = this.#options
    const proven = proves(hash, state.keys, final.proof, authMessage)
    const account = state.keys.account
    const right = proven && account !== undefined && repeats(final, state)
    verifier.scramOutcome?.(state.login, right)
    if (!right) return this.#fail('credentials', state.login)
    this.#state = { at: 'proven', account }
    const signature = serverSignature(hash, state.keys, authMessage).toString('base64')
    return { kind: 'challenge', bytes: Buffer.from(`v=${signature}`) }
  }

  #fail(reason: SaslFailure, login?: string): SaslStep {
    this.#state = { at: 'over' }
    return login === undefined ? { kind: 'failure', reason } : { kind: 'failure', reason, login }
  }
}

/**
 * The client says again the nonce and the header it began with, over the same channel; else somebody changed them.
 * RFC 5802 §5.1
 */
function repeats(final: ClientFinal, state: State & { at: 'challenged' }): boolean {
  const binding = Buffer.concat([Buffer.from(state.first.gs2Header), state.bound])
  return final.nonce === state.nonce && sameOctets(final.channelBinding, binding)
}
