import type { MaybePromise } from '@cartero/wire'
import {
  checkPassword,
  fieldText,
  MALFORMED,
  type SaslClientMechanism,
  SaslClientError,
  type SaslServerMechanism,
  type SaslStep,
} from './mechanism.ts'
import { needed, type MechanismRow } from './mechanism-row.ts'
import { saslprep } from './saslprep.ts'
import type { CredentialVerifier } from './verifier.ts'

const ASK_USERNAME: SaslStep = { kind: 'challenge', bytes: Buffer.from('Username:') }
const ASK_PASSWORD: SaslStep = { kind: 'challenge', bytes: Buffer.from('Password:') }

/**
 * LOGIN, server side: two questions, for Outlook and its kin, which may bring the user name as initial response.
 * There is no RFC; draft-murchison-sasl-login describes what is done.
 */
export class LoginServer implements SaslServerMechanism {
  readonly #verifier: CredentialVerifier
  #asked = false
  #login: string | undefined

  constructor(verifier: CredentialVerifier) {
    this.#verifier = verifier
  }

  next(response: Buffer | undefined): MaybePromise<SaslStep> {
    // Some clients say `AUTH LOGIN =` and mean that they say nothing yet.
    if (response === undefined || (!this.#asked && response.length === 0)) {
      if (this.#asked) return MALFORMED
      this.#asked = true
      return ASK_USERNAME
    }
    this.#asked = true
    const text = fieldText(response)
    if (!text) return MALFORMED
    if (this.#login !== undefined) return this.#check(this.#login, text)
    this.#login = text
    return ASK_PASSWORD
  }

  #check(claimed: string, secret: string): MaybePromise<SaslStep> {
    const login = saslprep(claimed)
    const password = saslprep(secret)
    if (!login || !password) return { kind: 'failure', reason: 'credentials', login: claimed }
    return checkPassword(this.#verifier, login, password)
  }
}

/** LOGIN, client side: answers the first question with the login and the second with the password, whatever their words. */
export class LoginClient implements SaslClientMechanism {
  readonly #answers: Buffer[]

  constructor(login: string, password: string) {
    this.#answers = [Buffer.from(login), Buffer.from(password)]
  }

  get complete(): boolean {
    return this.#answers.length === 0
  }

  initial(): undefined {
    return undefined
  }

  respond(): Buffer {
    const answer = this.#answers.shift()
    if (answer === undefined)
      throw new SaslClientError('LOGIN has two answers, and the server asks for a third')
    return answer
  }
}

export const login: MechanismRow = {
  name: 'LOGIN',
  needsTls: true,
  isPossible: () => true,
  create: ({ verifier }) => new LoginServer(verifier),
  isEquipped: ({ password }) => password !== undefined,
  connect: (context) => new LoginClient(context.login, needed(context.password, 'password')),
}
