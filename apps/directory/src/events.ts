import type { Logger, MetricRegistry } from '@cartero/agent/telemetry'
import { DirectoryError, type RefusedProof } from '@cartero/directory'
import type { BanEvent } from '@cartero/directory/doorkeeper'
import { METRICS } from './metrics.ts'

/** Accounts that are remembered as having logged in without TLS: a house has a handful. */
const MOST_IN_THE_CLEAR = 1_000

const FIXES: Readonly<Record<RefusedProof['reason'], string>> = {
  'cram-md5-in-the-clear':
    'let it log in under TLS, or allow it with "cartero account set ADDRESS --clear-cram-md5"',
}

export type Events = ReturnType<typeof createEvents>

/** What an operator changed: `account` and `added` make the event `account.added`. */
export type Subject = 'domain' | 'account' | 'alias'
export type Change = 'added' | 'changed' | 'removed' | 'password-changed'

/** What the directory tells: a counter and a line for each event. Passwords are never among them. */
export function createEvents(logger: Logger, registry: MetricRegistry) {
  const metrics = registry.register(METRICS)
  return {
    ...secretsInTheClear(logger),
    /** An operator's change is kept. */
    changed(subject: Subject, change: Change, name: string): void {
      metrics.changes.add({ subject })
      logger.info(`${subject}.${change}`, { [subject]: name })
    },
    /** A peer has guessed too often, or an operator has forgiven it. */
    ban({ kind, peer, until }: BanEvent): void {
      if (kind === 'banned') metrics.bans.add({})
      logger.warn(kind === 'banned' ? 'peer.banned' : 'peer.ban-lifted', {
        peer,
        until: new Date(until).toISOString(),
      })
    },
    bansInForce(count: () => number): void {
      metrics.banned.read({}, count)
    },
    loginAccepted(account: string): void {
      metrics.logins.add({ outcome: 'accepted' })
      if (logger.enabled('debug')) logger.debug('login.accepted', { account })
    },
    /** Somebody had the wrong password, or a login that nobody has. */
    loginRefused(login: string): void {
      metrics.logins.add({ outcome: 'refused' })
      logger.warn('login.refused', { login })
    },
    /** The password could not be checked: the store is away, or too many wait. */
    loginUnknown(login: string, error: unknown): void {
      metrics.logins.add({ outcome: 'unknown' })
      // Strangers make it busy, as often as they like.
      if (error instanceof DirectoryError && error.fault === 'busy') logger.warn('login.busy', { login })
      else logger.error('login.unknown', { login, err: error })
    },
  }
}

function secretsInTheClear(logger: Logger) {
  const known = new Set<string>()
  return {
    /**
     * Somebody knew the secret and may not say it so. The peer hears that it is wrong, and is banned when it goes on: only this
     * line tells why.
     */
    proofRefused({ account, reason }: RefusedProof): void {
      logger.warn('login.proof-refused', { account, reason, fix: FIXES[reason] })
    },
    /** A customer's secret is on the wire for everybody to guess at: told once for each, since they come every few minutes. */
    loginInTheClear(account: string): void {
      if (known.size >= MOST_IN_THE_CLEAR || known.has(account)) return
      known.add(account)
      logger.warn('login.in-the-clear', { account })
    },
  }
}
