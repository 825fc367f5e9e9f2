import type { HostPolicy, MailHost, TlsDemand } from '@cartero/routing'
import type { SmtpClientOptions } from '@cartero/smtp/client'
import type { TlsFacts } from '@cartero/wire'
import type { TlsClientOptions } from '@cartero/wire/node'

/** How one host is to be spoken to, as far as TLS goes. */
export interface Security {
  readonly startTls: NonNullable<SmtpClientOptions['startTls']>
  readonly handshake: TlsClientOptions
  readonly demand: TlsDemand['kind']
}

export type UsePolicy = Extract<HostPolicy, { kind: 'use' }>

/** Privacy without knowing from whom. */
// RFC 7435 §3
const ANYBODY: TlsClientOptions = { unverified: 'accept' }

/** @param authorities who is believed where a certificate must be right; whom the system believes when absent */
export function securityFor(
  { name: serverName }: MailHost,
  { demand, tested }: Pick<UsePolicy, 'demand' | 'tested'>,
  authorities: string | undefined,
): Security {
  const believed = authorities === undefined ? {} : { authorities }
  switch (demand.kind) {
    case 'none':
      return { startTls: 'off', handshake: ANYBODY, demand: 'none' }
    case 'opportunistic':
    case 'encrypt': {
      const startTls = demand.kind === 'encrypt' ? 'required' : 'opportunistic'
      const names = testedNames(tested)
      const handshake = { ...ANYBODY, serverName, ...(names && { names, ...believed }) }
      return { startTls, handshake, demand: demand.kind }
    }
    case 'verify': {
      const { names } = demand
      return { startTls: 'required', handshake: { serverName, names, ...believed }, demand: 'verify' }
    }
    case 'dane': {
      const { records, names } = demand
      // RFC 7672 §8.1: the name under which the records were found
      const handshake = { serverName: names[0] ?? serverName, dane: { records, names } }
      return { startTls: 'required', handshake, demand: 'dane' }
    }
  }
}

/** A certificate is looked at and not refused where a policy is only tested. */
// RFC 8461 §5
function testedNames(tested: UsePolicy['tested']): readonly string[] | undefined {
  return tested?.kind === 'use' && tested.demand.kind === 'verify' ? tested.demand.names : undefined
}

/** Version, and by what the host was believed; `TLSv1.3 dane`. */
export function tlsWords({ version }: TlsFacts, demand: TlsDemand['kind']): string {
  if (demand === 'dane') return `${version} dane`
  return demand === 'verify' ? `${version} verified` : version
}
