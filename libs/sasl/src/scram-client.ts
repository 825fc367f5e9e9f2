import { type NonceSource, type SaslClientMechanism, SaslClientError } from './mechanism.ts'
import { saslprep } from './saslprep.ts'
import { clientProof, sameOctets, type ScramHash } from './scram-keys.ts'
import {
  type ChannelBinding,
  escapeName,
  formatGs2Header,
  parseServerFinal,
  parseServerFirst,
  type ServerFirst,
} from './scram-message.ts'

const NOTHING = Buffer.alloc(0)

/** Fewer iterations would hand a captured exchange to a guesser. RFC 7677 §4 */
export const MIN_ITERATIONS = 4096

/** More would let a server stop our event loop: this many take about 150 ms. RFC 5802 §9 */
export const MAX_ITERATIONS = 600_000

export interface ScramClientOptions {
  readonly hash: ScramHash
  readonly login: string
  readonly password: string
  readonly newNonce: NonceSource
  /** `y` only towards a server that does not offer to bind. RFC 5802 §6 */
  readonly binding: ChannelBinding
  /** What the binding binds to; empty when it does not. */
  readonly bound?: Buffer | undefined
}

/** SCRAM, client side. RFC 5802, RFC 7677 */
export class ScramClient implements SaslClientMechanism {
  readonly #hash: ScramHash
  readonly #gs2Header: string
  readonly #bound: Buffer
  readonly #bare: string
  readonly #nonce: string
  readonly #password: string
  #state: 'first' | 'final' | 'verified' | 'over' = 'first'
  #serverSignature: Buffer | undefined

  /** Throws SaslClientError when login or password cannot be prepared. */
  constructor({ hash, login, password, newNonce, binding, bound = NOTHING }: ScramClientOptions) {
    this.#hash = hash
    this.#gs2Header = formatGs2Header(binding)
    this.#bound = bound
    this.#nonce = newNonce()
    this.#bare = `n=${escapeName(prepared(login, 'login'))},r=${this.#nonce}`
    this.#password = prepared(password, 'password')
  }

  get complete(): boolean {
    return this.#state === 'verified'
  }

  initial(): Buffer {
    return Buffer.from(this.#gs2Header + this.#bare)
  }

  respond(challenge: Buffer): Buffer {
    const state = this.#state
    this.#state = 'over'
    if (state === 'first') return this.#prove(challenge)
    if (state === 'final') return this.#verify(challenge)
    throw new SaslClientError('the server goes on after the end of SCRAM')
  }

  #prove(challenge: Buffer): Buffer {
    const first = parseServerFirst(challenge)
    if (first === undefined) throw new SaslClientError('the server-first message of SCRAM is malformed')
    this.#inspect(first)
    const binding = Buffer.concat([Buffer.from(this.#gs2Header), this.#bound])
    const withoutProof = `c=${binding.toString('base64')},r=${first.nonce}`
    const authMessage = `${this.#bare},${challenge.toString()},${withoutProof}`
    const { salt, iterations } = first
    const { proof, serverSignature } = clientProof(this.#hash, this.#password, salt, iterations, authMessage)
    this.#serverSignature = serverSignature
    this.#state = 'final'
    return Buffer.from(`${withoutProof},p=${proof.toString('base64')}`)
  }

  #inspect({ nonce, iterations }: ServerFirst): void {
    // RFC 5802 §5.1: the nonce goes on with ours, and the server adds its own.
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) {
      throw new SaslClientError('the nonce of the server does not go on with ours')
    }
    if (iterations < MIN_ITERATIONS || iterations > MAX_ITERATIONS) {
      throw new SaslClientError(
        `the server asks for ${iterations} iterations; we do ${MIN_ITERATIONS} to ${MAX_ITERATIONS}`,
      )
    }
  }

  #verify(challenge: Buffer): Buffer {
    const final = parseServerFinal(challenge)
    if (final === undefined) throw new SaslClientError('the server-final message of SCRAM is malformed')
    if ('error' in final) throw new SaslClientError(`the server refuses: ${final.error}`)
    if (!sameOctets(final.signature, this.#serverSignature!)) {
      throw new SaslClientError('the server does not know the password: its signature is wrong')
    }
    this.#state = 'verified'
    return Buffer.alloc(0)
  }
}

function prepared(text: string, name: string): string {
  const normal = saslprep(text)
  if (!normal) throw new SaslClientError(`the ${name} is empty or has characters that SASLprep prohibits`)
  return normal
}
