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

const NUL = 0

/** What a PLAIN message says. */
export interface PlainMessage {
  readonly authzid: string
  readonly authcid: string
  readonly password: string
}

/** `[authzid] NUL authcid NUL passwd`; undefined when it is anything else. RFC 4616 §2 */
export function parsePlain(message: Buffer): PlainMessage | undefined {
  const first = message.indexOf(NUL)
  const second = first === -1 ? -1 : message.indexOf(NUL, first + 1)
  if (second === -1) return undefined
  const authzid = fieldText(message.subarray(0, first))
  const authcid = fieldText(message.subarray(first + 1, second))
  const password = fieldText(message.subarray(second + 1))
  if (authzid === undefined || !authcid || !password) return undefined
  return { authzid, authcid, password }
}

/** PLAIN, server side. RFC 4616 */
export class PlainServer implements SaslServerMechanism {
  readonly #verifier: CredentialVerifier

  constructor(verifier: CredentialVerifier) {
    this.#verifier = verifier
  }

  next(response: Buffer | undefined): MaybePromise<SaslStep> {
    if (response === undefined) return { kind: 'challenge', bytes: Buffer.alloc(0) }
    const message = parsePlain(response)
    if (message === undefined) return MALFORMED
    const login = saslprep(message.authcid)
    const password = saslprep(message.password)
    if (!login || !password) return { kind: 'failure', reason: 'credentials', login: message.authcid }
    // Nobody acts for another: RFC 4616 §2 leaves that to the server's policy.
    if (message.authzid !== '' && saslprep(message.authzid) !== login) {
      return { kind: 'failure', reason: 'credentials', login }
    }
    return checkPassword(this.#verifier, login, password)
  }
}

/** PLAIN, client side: everything is in the initial response. */
export class PlainClient implements SaslClientMechanism {
  readonly #message: Buffer
  readonly complete = true

  constructor(login: string, password: string) {
    this.#message = Buffer.from(`\0${login}\0${password}`)
  }

  initial(): Buffer {
    return this.#message
  }

  respond(): never {
    throw new SaslClientError('PLAIN has one message, and the server asks for a second')
  }
}

export const plain: MechanismRow = {
  name: 'PLAIN',
  needsTls: true,
  isPossible: () => true,
  create: ({ verifier }) => new PlainServer(verifier),
  isEquipped: ({ password }) => password !== undefined,
  connect: ({ login, password }) => new PlainClient(login, needed(password, 'password')),
}
