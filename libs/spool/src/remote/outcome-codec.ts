import {
  RecipientOutcome_Kind as Kind,
  type Outcome as ContractOutcome,
  type RecipientOutcome as ContractRecipientOutcome,
} from '@cartero/contracts/spool/service'
import { DeliveryState as State } from '@cartero/contracts/spool/queue'
import { parseEnhancedStatus } from '@cartero/syntax'

import { ContractError } from '../remote-turns/contract-error.ts'
import type { DeliveryId, Outcome, RecipientOutcome } from '../ports.ts'
import { stateOf, stateNamed } from './queue-codec.ts'

const KINDS: Readonly<Record<RecipientOutcome['state'], Kind>> = {
  delivered: Kind.DELIVERED,
  relayed: Kind.RELAYED,
  returned: Kind.RETURNED,
  deferred: Kind.DEFERRED,
  failed: Kind.FAILED,
  expired: Kind.EXPIRED,
}
const NAMES = new Map(Object.entries(KINDS).map(([name, kind]) => [kind, name as RecipientOutcome['state']]))

export function encodeOutcome(outcome: Outcome): ContractOutcome {
  const { id, state } = outcome
  return {
    id,
    state: state === 'mixed' ? State.UNSPECIFIED : stateOf(state),
    reason: 'reason' in outcome ? outcome.reason : '',
    notBefore: 'notBefore' in outcome ? BigInt(Math.round(outcome.notBefore)) : 0n,
    recipients: state === 'mixed' ? outcome.recipients.map(encodeRecipient) : [],
  }
}

/** Throws ContractError for what did not keep to the contract. */
export function decodeOutcome({ state, reason, notBefore, recipients, ...one }: ContractOutcome): Outcome {
  const id = one.id as DeliveryId
  if (state === State.UNSPECIFIED)
    return { id, state: 'mixed', recipients: recipients.map(decodeRecipient), notBefore: Number(notBefore) }
  const name = stateNamed(state)
  switch (name) {
    case 'delivered':
      return { id, state: name }
    case 'deferred':
      return { id, state: name, notBefore: Number(notBefore), reason }
    case 'held':
    case 'failed':
    case 'expired':
      return { id, state: name, reason }
    default:
      throw new ContractError(`no attempt ends '${name}'`)
  }
}

function encodeRecipient(outcome: RecipientOutcome): ContractRecipientOutcome {
  const kind = KINDS[outcome.state]
  if (!('reason' in outcome)) return { kind, reason: '' }
  const { reason } = outcome
  if (outcome.state !== 'deferred') return { kind, reason }
  const { status, told } = outcome
  return { kind, reason, ...(status && { status }), ...(told && { told }) }
}

function decodeRecipient({ kind, reason, status, told }: ContractRecipientOutcome): RecipientOutcome {
  const state = NAMES.get(kind)
  if (state === undefined) throw new ContractError('an outcome says what became of each recipient')
  if (state === 'failed' || state === 'expired') return { state, reason }
  if (state !== 'deferred') return { state }
  const known = status === undefined ? undefined : parseEnhancedStatus(status)
  return {
    state,
    reason,
    ...(known && { status: known }),
    ...(told !== undefined && { told: told as 'delay' | 'deadline' }),
  }
}
