import { mechanismNamed, preferredMechanism, SaslClientError, type SaslClientContext } from '@cartero/sasl'
import type { ChooseMechanism } from '@cartero/smtp/client'
import type { Provider } from './provider.ts'

// RFC 2645 §5.1.2: what every provider has; it is no choice where there is something better
const LAST_RESORT = mechanismNamed('CRAM-MD5')

/** Proves to a provider who we are. */
export class Login {
  readonly #provider: Provider
  /** Why login or password cannot be said at all. */
  trouble: string | undefined

  constructor(provider: Provider) {
    this.#provider = provider
  }

  /** Under TLS the best that is offered. In the clear nothing that says the password: SCRAM, or CRAM-MD5. */
  readonly choose: ChooseMechanism = (offered, tls) => {
    const { username, password, host, port } = this.#provider
    const context: SaslClientContext = { login: username, password, tls, offered, host, port }
    const row = preferredMechanism(offered, context) ?? offeredOf(offered)
    try {
      return row && { name: row.name, exchange: row.connect(context) }
    } catch (error) {
      if (!(error instanceof SaslClientError)) throw error
      this.trouble = error.message
      return undefined
    }
  }
}

function offeredOf(offered: readonly string[]): typeof LAST_RESORT {
  return LAST_RESORT !== undefined && offered.includes(LAST_RESORT.name) ? LAST_RESORT : undefined
}
