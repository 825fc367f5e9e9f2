import { isIP } from 'node:net'
import { checkServerIdentity } from 'node:tls'
import { ChannelCredentials, ServerCredentials, type ChannelOptions } from '@grpc/grpc-js'

import { hostOf, refuseClearText } from '../clear-text.ts'

/** Who we are among our own agents, and who vouches for them; all in PEM. Both sides prove it (mutual TLS). */
export interface AgentIdentity {
  readonly authority: Buffer
  readonly certificate: Buffer
  readonly key: Buffer
}

/** Throws TypeError where octets would cross a network in the clear. */
export function serverCredentials(address: string, identity: AgentIdentity | undefined): ServerCredentials {
  if (identity === undefined) {
    refuseClearText(address)
    return ServerCredentials.createInsecure()
  }
  const { authority, certificate, key } = identity
  return ServerCredentials.createSsl(authority, [{ private_key: key, cert_chain: certificate }], true)
}

/** Throws TypeError where octets would cross a network in the clear. */
export function channelCredentials(address: string, identity: AgentIdentity | undefined): ChannelCredentials {
  if (identity === undefined) {
    refuseClearText(address)
    return ChannelCredentials.createInsecure()
  }
  const { authority, certificate, key } = identity
  const host = hostOf(address)
  if (isIP(host) === 0) return ChannelCredentials.createSsl(authority, key, certificate)
  return ChannelCredentials.createSsl(authority, key, certificate, {
    checkServerIdentity: (_, shown) => checkServerIdentity(host, shown),
  })
}

/** TLS cannot ask for an address as it does for a name (SNI): it asks for this instead, and the certificate has to bear the address. */
export function nameAskedFor(address: string): ChannelOptions {
  return isIP(hostOf(address)) === 0 ? {} : { 'grpc.ssl_target_name_override': 'agent' }
}
