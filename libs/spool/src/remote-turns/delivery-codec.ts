import type { ContentId } from '@cartero/content'
import {
  RecipientResult_Kind as Kind,
  type AttemptFacts as ContractFacts,
  type Delivery as ContractDelivery,
  type DeliveryRecipient as ContractRecipient,
  type RecipientResult as ContractResult,
} from '@cartero/contracts/spool/delivery'
import type { MessageIndex } from '@cartero/message'
import { parseEnhancedStatus } from '@cartero/syntax'

import { ContractError } from './contract-error.ts'
import type { AttemptFacts } from '../dispatch/ports.ts'
import type { RecipientResult } from '../notices/index.ts'
import type { Delivery, DeliveryId, DeliveryRecipient, NextHop, QueueId, RecipientProblem } from '../ports.ts'
import { destinationOf, nextHopOf } from '../queue.ts'
import { decodeEnvelope, encodeEnvelope } from './envelope-codec.ts'
import { defined } from './defined.ts'

/** @param octets of the content, when they go with it */
export function encodeDelivery(delivery: Delivery, octets?: Buffer): ContractDelivery {
  const { id, message, nextHop, recipients, attempts, reason, sender, sentence } = delivery
  const { envelope, prefix, content, size, acceptedAt, index } = message
  return {
    id,
    envelope: encodeEnvelope(envelope),
    prefix,
    content,
    size: BigInt(size),
    acceptedAt: BigInt(acceptedAt),
    domain: nextHop.kind === 'odmr' ? nextHop.domain : '',
    destination: destinationOf(nextHop),
    recipients: recipients.map(encodeRecipient),
    attempts,
    reason,
    ...(sender !== undefined && { sender }),
    ...(octets && { octets }),
    ...(index && { index: JSON.stringify(index) }),
    ...(sentence && { sentence }),
  }
}

/** Throws ContractError for what did not keep to the contract. */
export function decodeDelivery(delivery: ContractDelivery): Delivery {
  const { id, envelope, prefix, content, size, acceptedAt, recipients, index } = delivery
  if (envelope === undefined) throw new ContractError('a delivery has an envelope')
  const { attempts, reason, sender, sentence } = delivery
  return {
    id: id as DeliveryId,
    message: {
      queueId: id.slice(0, id.indexOf('.')) as QueueId,
      envelope: decodeEnvelope(envelope),
      prefix,
      content: content as ContentId,
      size: Number(size),
      acceptedAt: Number(acceptedAt),
      ...(index !== undefined && { index: JSON.parse(index) as MessageIndex }),
    },
    nextHop: nextHopIn(delivery),
    recipients: recipients.map(decodeRecipient),
    attempts,
    reason,
    ...(sender !== undefined && { sender }),
    ...(sentence !== undefined && { sentence: sentence as NonNullable<Delivery['sentence']> }),
  }
}

/** Who is older names the customer's domain only. */
function nextHopIn({ destination, domain }: ContractDelivery): NextHop {
  return destination === '' ? { kind: 'odmr', domain } : nextHopOf(destination)
}

function encodeRecipient(recipient: DeliveryRecipient): ContractRecipient {
  const { others, expanded, address, forward, told, account, detail, problem } = recipient
  return {
    address,
    account,
    others: others ?? [],
    expanded: expanded ?? false,
    ...(forward !== undefined && { forward }),
    ...(told !== undefined && { told }),
    ...(detail !== undefined && { detail }),
    ...(problem !== undefined && { problem }),
  }
}

function decodeRecipient(recipient: ContractRecipient): DeliveryRecipient {
  const { others, expanded, address, forward, told, account, detail, problem } = recipient
  return {
    address,
    account,
    ...(others.length > 0 && { others }),
    ...(expanded && { expanded }),
    ...(forward !== undefined && { forward }),
    ...(told !== undefined && { told: told as NonNullable<DeliveryRecipient['told']> }),
    ...(detail !== undefined && { detail }),
    ...(problem !== undefined && { problem: problem as RecipientProblem }),
  }
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

/** Throws ContractError for what did not keep to the contract. */
export function decodeResult(result: ContractResult): RecipientResult {
  const kind = NAMES.get(result.kind)
  const { host, reply, reason, advice, isUnattempted } = result
  const remote = host === undefined ? undefined : { host, reply: reply ?? '' }
  if (kind === undefined) throw new ContractError('a result says what became of the recipient')
  if (kind === 'delivered') return { kind }
  if (kind === 'relayed' || kind === 'passed') return { kind, ...(remote && { remote }) }
  const status = parseEnhancedStatus(result.status)
  if (status === undefined) throw new ContractError(`'${result.status}' is no enhanced status`)
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
