import type { MaybePromise, TlsPeer } from '@cartero/wire'
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
import { saslprep } from './saslprep.ts'

/** Whom a certificate names, whatever the client claims to be. */
type CertificateCheck = (peer: TlsPeer, claimed: string) => Promise<string | undefined>

/** EXTERNAL, server side: the client proved itself in the TLS handshake. RFC 4422 §A.1 */
export class ExternalServer implements SaslServerMechanism {
  readonly #peer: TlsPeer
  readonly #check: CertificateCheck

  constructor(peer: TlsPeer, check: CertificateCheck) {
    this.#peer = peer
    this.#check = check
  }

  next(response: Buffer | undefined): MaybePromise<SaslStep> {
    if (response === undefined) return { kind: 'challenge', bytes: Buffer.alloc(0) }
    const text = fieldText(response)
    if (text === undefined) return MALFORMED
    const claimed = saslprep(text)
    if (claimed === undefined) return { kind: 'failure', reason: 'credentials', login: text }
    return outcomeOf(claimed, () => this.#check(this.#peer, claimed))
  }
}

/** EXTERNAL, client side: all it says is who it wants to be; '' leaves that to the certificate. */
export class ExternalClient implements SaslClientMechanism {
  readonly #message: Buffer
  readonly complete = true

  constructor(login: string) {
    this.#message = Buffer.from(login)
  }

  initial(): Buffer {
    return this.#message
  }

  respond(): never {
    throw new SaslClientError('EXTERNAL has one message, and the server asks for a second')
  }
}

// RFC 4422 §A
export const external: MechanismRow = {
  name: 'EXTERNAL',
  needsTls: true,
  isPossible: ({ tls, verifier }) => tls?.peer !== undefined && verifier.certificate !== undefined,
  create: ({ tls, verifier }) =>
    new ExternalServer(needed(tls?.peer, 'verified certificate'), (peer, claimed) =>
      verifier.certificate!(peer, claimed),
    ),
  isEquipped: ({ certificate }) => certificate === true,
  connect: ({ login }) => new ExternalClient(login),
}
