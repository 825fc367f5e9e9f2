import type { HostPolicy, MailHost, TlsPolicy, TlsResult, Way } from '@cartero/routing'
import type { FailureTold } from '@cartero/routing/tls-policy'
import type { Connected } from '@cartero/wire/node'

/** What a session knows of itself. */
export interface SessionFacts {
  readonly way: Way
  readonly policy: TlsPolicy
  readonly host: MailHost
  /** Absent when there was none. */
  readonly connected?: Connected | undefined
}

/** What to say of TLS in one session; undefined, when nobody asks for reports about such ways. */
// RFC 8460 §4
export function tlsResult(
  { way, policy, host, connected }: SessionFacts,
  failed?: FailureTold,
): TlsResult | undefined {
  if (way.kind === 'route') return undefined
  const { type, text, isTestingOnly } = policy
  return {
    domain: way.domain,
    policy: { type, text, isTestingOnly },
    host: host.name,
    ...(connected && { hostAddress: connected.remoteAddress, sourceAddress: connected.localAddress }),
    ...failed,
  }
}

/** Mail may not go to that host: no session was begun. */
export function avoidedFailure({ failure, reason }: Extract<HostPolicy, { kind: 'avoid' }>): FailureTold {
  return { failure, detail: reason }
}
