import { type NonceSource, type SaslClientMechanism, SaslClientError } from './mechanism.ts'
import { saslprep } from './saslprep.ts'
import { clientProof, sameOctets } from './scram-keys.ts'
import { escapeName, parseServerFinal, parseServerFirst, type ServerFirst } from './scram-message.ts'

/** Fewer iterations would hand a captured exchange to a guesser. RFC 7677 §4 */
export const MIN_ITERATIONS = 4096

/** More would let a server stop our event loop: this many take about 150 ms. RFC 5802 §9 */
export const MAX_ITERATIONS = 600_000

const GS2_HEADER = 'n,,'

/** SCRAM-SHA-256, client side, without channel binding. RFC 5802, RFC 7677 */
export class ScramClient implements SaslClientMechanism {
  readonly #bare: string
  readonly #nonce: string
  readonly #password: string
  #state: 'first' | 'final' | 'verified' | 'over' = 'first'
  #serverSignature: Buffer | undefined

  /** Throws SaslClientError when login or password cannot be prepared. */
  constructor(login: string, password: string, newNonce: NonceSource) {
    this.#nonce = newNonce()
    this.#bare = `n=${escapeName(prepared(login, 'login'))},r=${this.#nonce}`
    this.#password = prepared(password, 'password')
  }

  get complete(): boolean {
    return this.#state === 'verified'
  }

  initial(): Buffer {
    return Buffer.from(GS2_HEADER + this.#bare)
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
    const withoutProof = `c=${Buffer.from(GS2_HEADER).toString('base64')},r=${first.nonce}`
    const authMessage = `${this.#bare},${challenge.toString()},${withoutProof}`
    const { proof, serverSignature } = clientProof(this.#password, first.salt, first.iterations, authMessage)
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
