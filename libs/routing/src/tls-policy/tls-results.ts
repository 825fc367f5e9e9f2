import type { Clock } from '@cartero/wire'
import type { PolicyType, TlsFailure, TlsResult } from '../ports.ts'

/** Domains, with their policies, of which results of one day are kept; of others, nothing is reported. */
export const MAX_REPORTED_POLICIES = 10_000

/** Kinds of failure of one policy that are told apart; what is beyond is counted and has no details. */
export const MAX_FAILURE_DETAILS = 100

/** Characters of a policy that are told; of a longer one it is told what came of it. A policy that people wrote has some hundred. */
export const MAX_POLICY_TEXT: number = 8 * 1024

/**
 * Characters of one day's results in all; what is beyond is treated like policies and failures beyond their numbers. Policies are
 * written by others, who may have another one each time.
 */
export const MAX_REPORTED_TEXT: number = 32 * 1024 * 1024

/** Days of which results are kept: the one that is over, which is reported, and the one that is not. */
export const DAYS_KEPT = 2

const DAY_MS = 86_400_000

/** What a report says of one policy; the keys are those of its JSON. */
// RFC 8460 §4.4
export interface PolicyReport {
  readonly policy: {
    readonly 'policy-type': PolicyType
    readonly 'policy-string'?: readonly string[]
    readonly 'policy-domain': string
    readonly 'mx-host'?: readonly string[]
  }
  readonly summary: {
    readonly 'total-successful-session-count': number
    readonly 'total-failure-session-count': number
  }
  readonly 'failure-details'?: readonly FailureDetail[]
}

export interface FailureDetail {
  readonly 'result-type': TlsFailure
  readonly 'sending-mta-ip'?: string
  readonly 'receiving-mx-hostname': string
  readonly 'receiving-ip'?: string
  readonly 'failed-session-count': number
  readonly 'failure-reason-code'?: string
}

interface Tally {
  readonly policy: PolicyReport['policy']
  successes: number
  failures: number
  readonly details: Map<
    string,
    { readonly detail: Omit<FailureDetail, 'failed-session-count'>; count: number }
  >
}

interface Day {
  readonly tallies: Map<string, Tally>
  /** Characters of all that it holds, about. */
  size: number
}

/** Counts what came of TLS, by day (UTC), domain and policy. In memory: a restart loses what it has. */
export class TlsResults {
  readonly #clock: Clock
  readonly #days = new Map<string, Day>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Never waits, never fails. */
  tell(result: TlsResult): void {
    const day = this.#today()
    const tally = tallyOf(day, result)
    if (tally === undefined) return
    if (result.failure === undefined) tally.successes++
    else {
      tally.failures++
      countDetail(tally, result.failure, result, day)
    }
  }

  /** Of a day such as `2026-01-31`; nothing, when it is not kept (any more). */
  // RFC 8460 §4.4
  of(day: string): readonly PolicyReport[] {
    return [...(this.#days.get(day)?.tallies.values() ?? [])].map(reportOf)
  }

  /** Those of which there are results, the oldest first. */
  get days(): readonly string[] {
    return [...this.#days.keys()]
  }

  #today(): Day {
    const day = new Date(this.#clock.now()).toISOString().slice(0, 10)
    const known = this.#days.get(day)
    if (known !== undefined) return known
    const made = { tallies: new Map<string, Tally>(), size: 0 }
    this.#days.set(day, made)
    const oldest = new Date(this.#clock.now() - (DAYS_KEPT - 1) * DAY_MS).toISOString().slice(0, 10)
    for (const other of this.#days.keys()) if (other < oldest) this.#days.delete(other)
    return made
  }
}

/** Undefined for a policy that there is no more room for. */
function tallyOf(day: Day, { domain, policy: { type, text } }: TlsResult): Tally | undefined {
  const isLong = text.reduce((sum, line) => sum + line.length, 0) > MAX_POLICY_TEXT
  const key = JSON.stringify([domain, type, isLong ? [] : text])
  const known = day.tallies.get(key)
  if (known !== undefined || day.tallies.size >= MAX_REPORTED_POLICIES) return known
  // Twice, since the text stands in the tally, too.
  if (!takeRoom(day, 2 * key.length)) return undefined
  // Lines cut out of a text would hold all of it in memory; these are copies.
  const [, , copied] = JSON.parse(key) as [string, PolicyType, string[]]
  const tally = { policy: policyOf(domain, type, copied), successes: 0, failures: 0, details: new Map() }
  day.tallies.set(key, tally)
  return tally
}

function takeRoom(day: Day, size: number): boolean {
  const hasRoom = day.size + size <= MAX_REPORTED_TEXT
  if (hasRoom) day.size += size
  return hasRoom
}

function policyOf(domain: string, type: PolicyType, text: readonly string[]): PolicyReport['policy'] {
  const hosts = type === 'sts' ? text.flatMap((line) => /^mx[ \t]*:[ \t]*(\S+)/.exec(line)?.[1] ?? []) : []
  return {
    'policy-type': type,
    ...(text.length > 0 && { 'policy-string': text }),
    'policy-domain': domain,
    ...(hosts.length > 0 && { 'mx-host': hosts }),
  }
}

function countDetail(tally: Tally, failure: TlsFailure, result: TlsResult, day: Day): void {
  const { host, hostAddress, sourceAddress, detail: reason } = result
  const key = JSON.stringify([failure, host, hostAddress, sourceAddress])
  const known = tally.details.get(key)
  if (known !== undefined) known.count++
  else if (
    tally.details.size < MAX_FAILURE_DETAILS &&
    takeRoom(day, 2 * key.length + (reason?.length ?? 0))
  ) {
    const detail = {
      'result-type': failure,
      ...(sourceAddress !== undefined && { 'sending-mta-ip': sourceAddress }),
      'receiving-mx-hostname': host,
      ...(hostAddress !== undefined && { 'receiving-ip': hostAddress }),
      ...(reason !== undefined && { 'failure-reason-code': reason }),
    }
    tally.details.set(key, { detail, count: 1 })
  }
}

function reportOf({ policy, successes, failures, details }: Tally): PolicyReport {
  const told = [...details.values()].map(({ detail, count }) => ({
    ...detail,
    'failed-session-count': count,
  }))
  return {
    policy,
    summary: { 'total-successful-session-count': successes, 'total-failure-session-count': failures },
    ...(told.length > 0 && { 'failure-details': told }),
  }
}
