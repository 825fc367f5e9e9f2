import { createHmac } from 'node:crypto'
import type { MaybePromise } from '@cartero/wire'
import {
  fieldText,
  MALFORMED,
  outcomeOf,
  type SaslClientMechanism,
  SaslClientError,
  type SaslServerMechanism,
  type SaslStep,
} from './mechanism.ts'
import { needed, type MechanismRow } from './mechanism-row.ts'
import { randomNonce } from './nonce.ts'
import { saslprep } from './saslprep.ts'

/** The digest of a challenge by one who knows the secret, in lower-case hex. RFC 2195 §2 */
export function cramMd5Digest(secret: string, challenge: string): string {
  return createHmac('md5', secret).update(challenge).digest('hex')
}

/** Whom the digest of a challenge proves. */
type DigestCheck = (login: string, challenge: string, digest: string) => Promise<string | undefined>

/**
 * CRAM-MD5, server side. RFC 2195
 *
 * The server must keep a secret that can be read again, and who listens can guess at it without limit: for peers that
 * know nothing better, and only where somebody asks for it.
 */
// RFC 2195 §2 deviation: no time stamp in the challenge; 144 random bits never come again, and tell nothing.
export class CramMd5Server implements SaslServerMechanism {
  readonly #challenge: string
  readonly #check: DigestCheck
  #state: 'start' | 'challenged' | 'over' = 'start'

  constructor(challenge: string, check: DigestCheck) {
    this.#challenge = challenge
    this.#check = check
  }

  next(response: Buffer | undefined): MaybePromise<SaslStep> {
    const state = this.#state
    this.#state = 'over'
    if (state === 'start' && response === undefined) {
      this.#state = 'challenged'
      return { kind: 'challenge', bytes: Buffer.from(this.#challenge) }
    }
    // RFC 4422 §3: the server begins, so there is no initial response
    if (state !== 'challenged' || response === undefined) return MALFORMED
    const answer = parseAnswer(response)
    if (answer === undefined) return MALFORMED
    const login = saslprep(answer.login)
    if (!login) return { kind: 'failure', reason: 'credentials', login: answer.login }
    return outcomeOf(login, () => this.#check(login, this.#challenge, answer.digest))
  }
}

/** `user SP digest`; the name may have spaces. */
function parseAnswer(octets: Buffer): { login: string; digest: string } | undefined {
  const text = fieldText(octets)
  const [, login, digest] = (text !== undefined && /^(.+) ([0-9a-f]{32})$/s.exec(text)) || []
  return login === undefined || digest === undefined ? undefined : { login, digest }
}

/** CRAM-MD5, client side. */
export class CramMd5Client implements SaslClientMechanism {
  readonly #login: string
  readonly #password: string
  #answered = false

  constructor(login: string, password: string) {
    this.#login = login
    this.#password = password
  }

  /** The server proves nothing; its word is all there is. */
  get complete(): boolean {
    return this.#answered
  }

  initial(): undefined {
    return undefined
  }

  respond(challenge: Buffer): Buffer {
    if (this.#answered) throw new SaslClientError('CRAM-MD5 has one challenge, and the server has a second')
    this.#answered = true
    return Buffer.from(`${this.#login} ${cramMd5Digest(this.#password, challenge.toString('latin1'))}`)
  }
}

export const cramMd5: MechanismRow = {
  name: 'CRAM-MD5',
  needsTls: false,
  isDiscouraged: true,
  isPossible: ({ verifier }) => verifier.cramMd5 !== undefined,
  create: ({ verifier, hostname = 'localhost', newNonce = randomNonce }) =>
    new CramMd5Server(`<${newNonce()}@${hostname}>`, (login, challenge, digest) =>
      verifier.cramMd5!(login, challenge, digest),
    ),
  isEquipped: ({ password }) => password !== undefined,
  connect: ({ login, password }) => new CramMd5Client(login, needed(password, 'password')),
}
