import type { MaybePromise } from '@cartero/wire'
import type { SaslServerContext } from './context.ts'
import {
  MALFORMED,
  MAX_FIELD,
  outcomeOf,
  type SaslClientMechanism,
  SaslClientError,
  type SaslServerMechanism,
  type SaslStep,
  utf8Text,
} from './mechanism.ts'
import { saslprep } from './saslprep.ts'

/** Octets of a token: what fits the longest line of an exchange with the words around it. RFC 4954 §4 */
export const MAX_TOKEN = 8192

/** Separates the pairs of a message (kvsep). RFC 7628 §3.1 */
export const SEPARATOR = '\x01'

// RFC 6750: b64token; the case of a scheme does not matter in HTTP, from where it comes
const BEARER = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i

/** Whom a message claims to come from, '' when it does not say, and its token. */
export interface BearerMessage {
  readonly claimed: string
  readonly token: string
}

/** The token of an `auth` pair; undefined when it is of another scheme or none at all. */
export function bearerToken(auth: string | undefined): string | undefined {
  if (auth === undefined || auth.length > MAX_TOKEN) return undefined
  return BEARER.exec(auth)?.[1]
}

/** The text of a message, a token with a name and some words around it; or undefined when it cannot be one. */
export function messageText(octets: Buffer): string | undefined {
  return octets.length > MAX_TOKEN + MAX_FIELD ? undefined : utf8Text(octets)
}

/** `*(key "=" value kvsep)`; undefined for anything else, and for a key that comes twice. RFC 7628 §3.1 */
export function parsePairs(text: string): ReadonlyMap<string, string> | undefined {
  const pairs = new Map<string, string>()
  if (text === '') return pairs
  if (!text.endsWith(SEPARATOR)) return undefined
  for (const pair of text.slice(0, -1).split(SEPARATOR)) {
    const [, key, value] = /^([A-Za-z]+)=(.*)$/s.exec(pair) ?? []
    if (key === undefined || value === undefined || !isValue(value) || pairs.has(key)) return undefined
    pairs.set(key, value)
  }
  return pairs
}

/** VCHAR, SP, HTAB, CR and LF, and whatever else a user may be called by. RFC 7628 §3.1 */
function isValue(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit === 0x7f || (unit < 0x20 && unit !== 0x09 && unit !== 0x0a && unit !== 0x0d)) return false
  }
  return true
}

export interface BearerServerOptions extends SaslServerContext {
  /** Undefined for what does not follow the grammar. */
  readonly parse: (octets: Buffer) => BearerMessage | undefined
  /** What a client with a poor token is told; the exchange fails after its answer. */
  readonly advice: (context: SaslServerContext) => Readonly<Record<string, string>>
}

/** Server side of a mechanism of one message with a bearer token in it. RFC 7628, and Google's form of it */
export class BearerServer implements SaslServerMechanism {
  readonly #options: BearerServerOptions
  #failure: SaslStep | undefined

  constructor(options: BearerServerOptions) {
    this.#options = options
  }

  next(response: Buffer | undefined): MaybePromise<SaslStep> {
    // RFC 7628 §3.2.3: the answer to the advice is a dummy, and nothing in it counts.
    if (this.#failure !== undefined) return this.#failure
    if (response === undefined) return { kind: 'challenge', bytes: Buffer.alloc(0) }
    const message = this.#options.parse(response)
    if (message === undefined) return MALFORMED
    const claimed = saslprep(message.claimed)
    if (claimed === undefined) return { kind: 'failure', reason: 'credentials', login: message.claimed }
    return this.#check(message.token, claimed)
  }

  async #check(token: string, claimed: string): Promise<SaslStep> {
    const { verifier, advice } = this.#options
    const step = await outcomeOf(claimed, () => verifier.token!(token, claimed))
    if (step.kind !== 'failure' || step.reason !== 'credentials') return step
    this.#failure = step
    return { kind: 'challenge', bytes: Buffer.from(JSON.stringify(advice(this.#options))) }
  }
}

/** Client side; what the server says of a poor token is kept for whoever asks. */
export class BearerClient implements SaslClientMechanism {
  readonly #message: Buffer
  readonly #dummy: Buffer
  readonly complete = true
  #advice: string | undefined

  constructor(message: string, dummy: string) {
    this.#message = Buffer.from(message)
    this.#dummy = Buffer.from(dummy)
  }

  /** The server's JSON about a token that it does not take. */
  get advice(): string | undefined {
    return this.#advice
  }

  initial(): Buffer {
    return this.#message
  }

  respond(challenge: Buffer): Buffer {
    if (this.#advice !== undefined) throw new SaslClientError('the server goes on after it refused the token')
    this.#advice = challenge.toString()
    return this.#dummy
  }
}
