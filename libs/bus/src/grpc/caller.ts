import type { ServerUnaryCall } from '@grpc/grpc-js'

/** Who asks. */
export interface Caller {
  /** The common name of his certificate, which our authority vouches for; absent where no certificates are shown. */
  readonly agent?: string
}

const NOBODY: Caller = {}

export function callerOf(call: Pick<ServerUnaryCall<object, object>, 'getAuthContext'>): Caller {
  const name: unknown = call.getAuthContext().sslPeerCertificate?.subject?.CN
  return typeof name === 'string' && name !== '' ? { agent: name } : NOBODY
}
