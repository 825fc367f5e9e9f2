import type { ContentId } from '@cartero/content'
import {
  RecipientResult_Kind as Kind,
  type AttemptFacts as ContractFacts,
  type Delivery as ContractDelivery,
  type DeliveryRecipient as ContractRecipient,
  type RecipientResult as ContractResult,
} from '@cartero/contracts/spool/delivery'
import { parseEnhancedStatus } from '@cartero/syntax'

import type { AttemptFacts } from '../dispatch/ports.ts'
import type { RecipientResult } from '../notices/index.ts'
import type { Delivery, DeliveryId, DeliveryRecipient, QueueId } from '../ports.ts'
import { decodeEnvelope, encodeEnvelope } from './envelope-codec.ts'
import { defined } from './defined.ts'

/** @param octets of the content, when they go with it */
export function encodeDelivery(delivery: Delivery, octets: Buffer | undefined): ContractDelivery {
  const { id, message, nextHop, recipients, attempts, reason, sender } = delivery
  const { envelope, prefix, content, size, acceptedAt } = message
  if (nextHop.kind !== 'odmr') throw new TypeError(`${id} is for no customer`)
  return {
    id,
    envelope: encodeEnvelope(envelope),
    prefix,
    content,
    size: BigInt(size),
    acceptedAt: BigInt(acceptedAt),
    domain: nextHop.domain,
    recipients: recipients.map(encodeRecipient),
    attempts,
    reason,
    ...(sender !== undefined && { sender }),
    ...(octets && { octets }),
  }
}

/** Throws TypeError for what did not keep to the contract. */
export function decodeDelivery(delivery: ContractDelivery): Delivery {
  const { id, envelope, prefix, content, size, acceptedAt, domain, recipients } = delivery
  if (envelope === undefined) throw new TypeError('a delivery has an envelope')
  const message = {
    queueId: id.slice(0, id.indexOf('.')) as QueueId,
    envelope: decodeEnvelope(envelope),
    prefix,
    content: content as ContentId,
    size: Number(size),
    acceptedAt: Number(acceptedAt),
  }
  const { attempts, reason, sender } = delivery
  return defined({
    id: id as DeliveryId,
    message,
    nextHop: { kind: 'odmr' as const, domain },
    recipients: recipients.map(decodeRecipient),
    attempts,
    reason,
    sender,
  })
}

function encodeRecipient({ others, expanded, address, forward, told }: DeliveryRecipient): ContractRecipient {
  return defined({ address, others: others ?? [], expanded: expanded ?? false, forward, told })
}

function decodeRecipient({ others, expanded, told, ...same }: ContractRecipient): DeliveryRecipient {
  return defined({
    ...same,
    account: '',
    others: others.length > 0 ? others : undefined,
    expanded: expanded || undefined,
    told,
  }) as DeliveryRecipient
}

const KINDS: Readonly<Record<RecipientResult['kind'], Kind>> = {
  delivered: Kind.DELIVERED,
  relayed: Kind.RELAYED,
  passed: Kind.PASSED,
  deferred: Kind.DEFERRED,
  failed: Kind.FAILED,
}

const NAMES = new Map(Object.entries(KINDS).map(([name, kind]) => [kind, name as RecipientResult['kind']]))

export function encodeResult(result: RecipientResult): ContractResult {
  const remote = 'remote' in result ? result.remote : undefined
  const kind = KINDS[result.kind]
  if (!('status' in result)) return { kind, ...remote, status: '', reason: '', isUnattempted: false }
  const { status, reason, isUnattempted = false, advice } = result
  return { kind, ...remote, status, reason, isUnattempted, ...(advice !== undefined && { advice }) }
}

/** Throws TypeError for what did not keep to the contract. */
export function decodeResult(result: ContractResult): RecipientResult {
  const kind = NAMES.get(result.kind)
  const { host, reply, reason, advice, isUnattempted } = result
  const remote = host === undefined ? undefined : { host, reply: reply ?? '' }
  if (kind === undefined) throw new TypeError('a result says what became of the recipient')
  if (kind === 'delivered') return { kind }
  if (kind === 'relayed' || kind === 'passed') return { kind, ...(remote && { remote }) }
  const status = parseEnhancedStatus(result.status)
  if (status === undefined) throw new TypeError(`'${result.status}' is no enhanced status`)
  return {
    kind,
    status,
    reason,
    ...(remote && { remote }),
    ...(isUnattempted && { isUnattempted }),
    ...(advice !== undefined && { advice }),
  }
}

export function decodeFacts(facts: ContractFacts | undefined): AttemptFacts {
  const { isCutOff, ...same } = facts ?? {}
  return { ...(defined(same) as AttemptFacts), ...(isCutOff && { isCutOff }) }
}
