import type { SaslServerMechanism } from '@cartero/sasl'
import { replies } from '../../replies.ts'
import { ReplyError } from '../../reply-error.ts'
import type { AuthCommand } from '../../verb/auth.ts'
import { AuthPhase } from '../auth-phase.ts'
import { authSessionOf } from '../session.ts'
import type { VerbRow } from './row.ts'

// RFC 4954 §4
export const auth: VerbRow<AuthCommand> = {
  verb: 'AUTH',
  inOdmr: true,
  beforeTls: false,
  needsHelo: true,
  needsAuth: false,
  needsTransaction: false,
  pipelinedBehind: 'refuse',
  countsAsJunk: true,
  available: ({ session }) => (authSessionOf(session) === undefined ? replies.notImplemented : undefined),
  check: (dialogue, { mechanism }) => {
    if (dialogue.account !== undefined) throw new ReplyError(replies.alreadyAuthenticated)
    if (dialogue.transaction !== undefined) throw new ReplyError(replies.badSequence('a transaction is open'))
    if (dialogue.tls === undefined && !dialogue.policy.allowPlaintextAuth) {
      throw new ReplyError(replies.encryptionNeeded)
    }
    if (!dialogue.mechanisms().includes(mechanism)) throw new ReplyError(replies.unknownMechanism)
  },
  proceed: (dialogue, { mechanism, initialResponse }) => {
    let exchange: SaslServerMechanism | undefined
    dialogue.tell('start', () => (exchange = authSessionOf(dialogue.session)!.start(mechanism)))
    if (exchange === undefined) return dialogue.say(replies.authNotAvailable)
    const phase = new AuthPhase(dialogue, mechanism, exchange)
    dialogue.phase = phase
    phase.begin(initialResponse)
  },
  help: 'AUTH <mechanism> [<initial response>]',
  rfc: 'RFC 4954 §4',
}
