import { ErrorCode, type NatsError } from 'nats'

import { BrokerError } from './broker-error.ts'

/** Of the JetStream API: what is given to a stream, or reserved for one, does not fit. */
const FULL = new Set([10_023, 10_028, 10_047])
/** A message was not stored, for the reason that it says. */
const STORE_FAILED = 10_077
const FULL_WORDS = /maximum (?:messages|bytes)|no space left|resource limits/i

/** What the broker, or the way to it, says of a publication. */
export function publishFault(cause: unknown): BrokerError {
  if (cause instanceof BrokerError) return cause
  const { api_error: api, code, message } = cause as NatsError
  if (api !== undefined) {
    const isFull =
      FULL.has(api.err_code ?? 0) || (api.err_code === STORE_FAILED && FULL_WORDS.test(api.description))
    return new BrokerError(isFull ? 'full' : 'unavailable', `the broker says: ${api.description}`, { cause })
  }
  return new BrokerError('unavailable', WORDS[code] ?? `the broker did not take it: ${message}`, { cause })
}

/** The broker has not answered, so that nobody knows whether it has taken what it was given. */
export function isSilence({ cause }: BrokerError): boolean {
  return (cause as NatsError | undefined)?.code === ErrorCode.Timeout
}

/** Of the JetStream API: another stream has the subjects; there is none of this name; JetStream is off, for all or for us. */
const ABSENT = new Set([10_060, 10_059, 10_039, 10_076])

/** Nobody has the stream: it may be gone, or a cluster elects who leads it. */
export function isAbsence({ cause }: BrokerError): boolean {
  const { code, api_error: api } = (cause ?? {}) as Partial<NatsError>
  return (
    code === ErrorCode.NoResponders ||
    code === ErrorCode.JetStreamNotEnabled ||
    ABSENT.has(api?.err_code ?? 0)
  )
}

const WORDS: Readonly<Record<string, string>> = {
  [ErrorCode.Timeout]: 'the broker has not said in time that it has it',
  [ErrorCode.NoResponders]: 'no server of the broker has the stream now',
}

/** Of the JetStream API: it will not get better by waiting. */
const FINAL: Readonly<Record<number, string>> = {
  10_039: 'allow JetStream for the account of the agents',
  10_047:
    'give JetStream more room on each server (max_file_store): what a stream may hold is reserved at once',
  10_052: 'look whether the server is recent enough',
  10_065: 'remove the other stream that has these subjects, or give us a broker of our own',
  10_074: 'start a cluster, or ask for one replica only (of one disk, and one fault)',
}

/** Undefined for what may get better by waiting: a cluster that elects its leaders. */
export function finalFault(cause: unknown, name: string): BrokerError | undefined {
  if (cause instanceof BrokerError) return cause
  const api = (cause as NatsError).api_error
  const remedy = api && FINAL[api.err_code ?? 0]
  if (remedy === undefined) return undefined
  return new BrokerError('misconfigured', `the broker refuses the stream ${name}: ${api!.description}`, {
    cause,
    remedy,
  })
}
