import { env } from 'node:process'
import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js'

/** gRPC prints on stderr what it tells us as errors, too. Whoever asks for its words by its own variables hears them. */
export function silenceGrpc(): void {
  if (env['GRPC_VERBOSITY'] === undefined && env['GRPC_NODE_VERBOSITY'] === undefined)
    setLogVerbosity(logVerbosity.NONE)
}
