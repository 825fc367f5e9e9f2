import { ChannelCredentials, ServerCredentials } from '@grpc/grpc-js'

import { refuseClearText } from '../clear-text.ts'

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
  return ChannelCredentials.createSsl(authority, key, certificate)
}
