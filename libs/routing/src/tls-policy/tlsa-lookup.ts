import { DnsError, type Resolver, type TlsaRecord } from '@cartero/dns'
import { usableRecords } from '@cartero/wire/node'
import type { MailHost } from '../ports.ts'

/** What the DNS says of a host's certificate. Each with a sentence. */
export type TlsaFound =
  /** Records that the DNS vouches for, under which name; `base` is the name to ask the host for. */
  (
    | { readonly kind: 'found'; readonly base: string; readonly records: readonly TlsaRecord[] }
    /** There are some, and none that mail uses: TLS, with whatever certificate (RFC 7672 §2.2). */
    | { readonly kind: 'unusable'; readonly records: readonly TlsaRecord[] }
    /** The DNS vouches for none: as if there was no DANE. */
    | { readonly kind: 'none' }
    /** There may be some: the host is not to be used now, or who keeps the answer from us could choose for us. */
    | { readonly kind: 'failed' }
  ) & { readonly step: string }

/**
 * Looks for TLSA records of a host, of whose name and addresses the DNS is sure: an answer that is not validated counts
 * nowhere else. Behind aliases the last name comes first, and then the name itself. Rejects only when the signal aborts.
 */
// RFC 7672 §2.2.3
export async function lookUpTlsa(
  resolver: Resolver,
  host: MailHost,
  signal: AbortSignal,
): Promise<TlsaFound> {
  if (!host.isValidated) {
    return {
      kind: 'none',
      step: `${host.name}: no DANE, since the way to it through the DNS is not validated`,
    }
  }
  const { canonicalName, name } = host
  let found: TlsaFound = { kind: 'none', step: '' }
  for (const base of new Set([canonicalName ?? name, name])) {
    found = await askFor(resolver, { base, host }, signal)
    if (found.kind !== 'none') return found
  }
  return found
}

// RFC 7672 §2.1.1, RFC 7672 §2.1.2, RFC 7672 §2.2
async function askFor(
  resolver: Resolver,
  { base, host }: { readonly base: string; readonly host: MailHost },
  signal: AbortSignal,
): Promise<TlsaFound> {
  // RFC 6698 §3
  const name = `_${host.port}._tcp.${base}`
  try {
    const { kind, records, isValidated } = await resolver.ask(name, 'TLSA', signal)
    if (kind !== 'found') return { kind: 'none', step: `${host.name}: no TLSA record at ${name}` }
    if (!isValidated) {
      return {
        kind: 'none',
        step: `${host.name}: the TLSA records at ${name} are not validated, and do not count`,
      }
    }
    const usable = usableRecords(records)
    if (usable.length === 0) {
      return {
        kind: 'unusable',
        records,
        step: `${host.name}: no TLSA record at ${name} is one that mail uses`,
      }
    }
    return {
      kind: 'found',
      base,
      records: usable,
      step: `${host.name}: DANE, ${usable.length} TLSA record${usable.length > 1 ? 's' : ''} at ${name}`,
    }
  } catch (error) {
    if (!(error instanceof DnsError)) throw error
    return {
      kind: 'failed',
      step: `${host.name}: the DNS does not say now whether there are TLSA records at ${name}: ${error.message}`,
    }
  }
}

/** As in a zone file. */
// RFC 6698 §2.2
export function tlsaText({ usage, selector, matchingType, data }: TlsaRecord): string {
  return `${usage} ${selector} ${matchingType} ${Buffer.from(data).toString('hex')}`
}
