import type { TlsFacts } from '@cartero/wire'

/** The types of channel binding that are understood. tls-unique is not: it says nothing under TLS 1.3 (RFC 9266 §1). */
const TYPES: Readonly<Record<string, (tls: TlsFacts) => Uint8Array | undefined>> = {
  // RFC 9266 §2
  'tls-exporter': (tls) => tls.exporter,
  // RFC 5929 §4
  'tls-server-end-point': (tls) => tls.endPoint,
}

/** What only the two ends of this TLS connection know; undefined for a type that cannot be had on it. */
export function channelBindingData(type: string, tls: TlsFacts | undefined): Buffer | undefined {
  const data = tls && Object.hasOwn(TYPES, type) ? TYPES[type]!(tls) : undefined
  return data && Buffer.from(data)
}

/**
 * Whether the channel can be bound: where the exporter is (TLS 1.3). Over TLS 1.2 many clients know tls-unique and
 * nothing else, and would fail by an offer that they could not take up.
 */
export function canBind(tls: TlsFacts | undefined): boolean {
  return tls?.exporter !== undefined
}
