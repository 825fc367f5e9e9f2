import type { ForwardPath } from '@cartero/smtp'
import { parseDomain } from '@cartero/syntax'

/** This host as others may call it, whatever domains it serves. */
export interface OwnHost {
  readonly hostname: string
  /** The address that the client connected to. */
  readonly address: string
}

/**
 * Whether somebody writes to the postmaster of this very host, by its name or by its address. Notices name him as the one
 * to ask.
 */
// RFC 5321 §4.5.1, RFC 1123 §5.2.7, RFC 1123 §5.2.17
// RFC 1123 §5.2.17 deviation: at our address there is the postmaster alone; accounts belong to domains.
export function isOwnPostmaster(path: ForwardPath, { hostname, address }: OwnHost): boolean {
  if (path === 'postmaster' || path.localPart.toLowerCase() !== 'postmaster') return false
  if (path.literal === undefined) return path.domain === parseDomain(hostname)
  return path.literal.kind !== 'general' && path.literal.address === address
}
