import { canBind } from './channel-binding.ts'
import type { SaslClientContext, SaslServerContext } from './context.ts'
import type { MechanismRow } from './mechanism-row.ts'
import { needed } from './mechanism-row.ts'
import { randomNonce } from './nonce.ts'
import { ScramClient } from './scram-client.ts'
import type { ScramHash } from './scram-keys.ts'
import type { ChannelBinding } from './scram-message.ts'
import { ScramServer } from './scram-server.ts'

const PLUS = '-PLUS'

/** SCRAM without channel binding. `offersPlus` says what else is on offer there. */
export function scram(hash: ScramHash, offersPlus: (context: SaslServerContext) => boolean): MechanismRow {
  return {
    name: `SCRAM-${hash}`,
    needsTls: false,
    isPossible: ({ verifier }) => hasKeys(verifier.scramHashes, hash),
    create: (context) => {
      const { verifier, tls, newNonce = randomNonce } = context
      return new ScramServer({
        hash,
        verifier,
        newNonce,
        tls,
        binding: offersPlus(context) ? 'declined' : 'none',
      })
    },
    isEquipped: ({ password }) => password !== undefined,
    connect: (context) => client(hash, context, { flag: couldBind(context) ? 'y' : 'n' }),
  }
}

/** SCRAM that is worth something on this TLS connection only: who sits between the two ends gains nothing. RFC 5802 §6 */
export function scramPlus(hash: ScramHash): MechanismRow {
  return {
    name: `SCRAM-${hash}${PLUS}`,
    // A channel is needed, which `canBind` asks for; no password crosses it.
    needsTls: false,
    isPossible: ({ verifier, tls }) => canBind(tls) && hasKeys(verifier.scramHashes, hash),
    create: ({ verifier, tls, newNonce = randomNonce }) =>
      new ScramServer({ hash, verifier, newNonce, tls, binding: 'bound' }),
    isEquipped: ({ password, tls }) => password !== undefined && canBind(tls),
    connect: (context) => {
      const bound = Buffer.from(needed(context.tls?.exporter, 'TLS connection that can be bound'))
      return client(hash, context, { flag: 'p', type: 'tls-exporter' }, bound)
    },
  }
}

function client(
  hash: ScramHash,
  { login, password, newNonce = randomNonce }: SaslClientContext,
  binding: ChannelBinding,
  bound?: Buffer,
): ScramClient {
  return new ScramClient({ hash, login, password: needed(password, 'password'), newNonce, binding, bound })
}

/** We could bind and the server did not offer to. RFC 5802 §6 */
function couldBind({ tls, offered }: SaslClientContext): boolean {
  return canBind(tls) && offered !== undefined && !offered.some((name) => name.toUpperCase().endsWith(PLUS))
}

function hasKeys(hashes: readonly ScramHash[] = ['SHA-256'], hash: ScramHash): boolean {
  return hashes.includes(hash)
}
