import { status, type ServiceError } from '@grpc/grpc-js'

/** Whose fault it is, and whether it is worth asking again. */
export type RpcCode = keyof typeof CODES

const CODES = {
  /** The caller said what cannot be. */
  INVALID_ARGUMENT: status.INVALID_ARGUMENT,
  NOT_FOUND: status.NOT_FOUND,
  ALREADY_EXISTS: status.ALREADY_EXISTS,
  /** Something else has to be done first. */
  FAILED_PRECONDITION: status.FAILED_PRECONDITION,
  /** Too many at once, or no space. */
  RESOURCE_EXHAUSTED: status.RESOURCE_EXHAUSTED,
  /** Nobody answers, or cannot now: ask again. */
  UNAVAILABLE: status.UNAVAILABLE,
  /** No answer came in time; it may have been done. */
  DEADLINE_EXCEEDED: status.DEADLINE_EXCEEDED,
  /** The caller went away, or listens no more. */
  CANCELLED: status.CANCELLED,
  /** The other side does not know this procedure: it is older, or another. */
  UNIMPLEMENTED: status.UNIMPLEMENTED,
  /** Whoever asks has not proved that he may. */
  UNAUTHENTICATED: status.UNAUTHENTICATED,
  /** It is known who asks, and he may not. */
  PERMISSION_DENIED: status.PERMISSION_DENIED,
  /** A bug on the other side. */
  INTERNAL: status.INTERNAL,
} as const

const NAMES = new Map(Object.entries(CODES).map(([name, code]) => [code as number, name as RpcCode]))

/** A call that did not come to its end. The message is a sentence for the operator. */
export class RpcError extends Error {
  override readonly name = 'RpcError'
  readonly code: RpcCode

  constructor(code: RpcCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** gRPC's own words for a request that has no octets: a number that is out of the range of its field. */
const CANNOT_BE_SAID = 'Request message serialization failure'

/** Each layer of gRPC wraps the reason why nobody is reached in words of its own: what is left is that of the innermost. */
function plainly(words: string): string {
  const [first, ...others] = words.split('Last error: ')
  const reason = others.at(-1)?.replace(/\. Resolution note: .*$/s, '')
  if (reason === undefined) return first!
  return reason === 'null' ? 'nobody answers' : reason.replace(/^\w*Error(?: \[\w+\])?: /, '')
}

/** What a client makes of what gRPC tells it. */
export function rpcErrorOf(error: unknown, procedure: string): RpcError {
  if (error instanceof RpcError) return error
  const { code, details, message } = error as Partial<ServiceError>
  const told = code === undefined ? undefined : NAMES.get(code)
  // What we cancel ourselves is told by us: the other side has cut it off, because it had to leave.
  const name = told === 'CANCELLED' ? 'UNAVAILABLE' : told
  const words = plainly(details ?? message ?? 'failed')
  const isOurs = words.startsWith(CANNOT_BE_SAID)
  return new RpcError(isOurs ? 'INVALID_ARGUMENT' : (name ?? 'INTERNAL'), `${procedure}: ${words}`, {
    cause: error,
  })
}

/** The name of a status that went over the wire. */
export function codeNamed(code: number): 'OK' | RpcCode {
  return code === 0 ? 'OK' : (NAMES.get(code) ?? 'INTERNAL')
}

/** What a server tells of an error: a bug is told without its words, which may hold what the caller may not know. */
export function statusOf(error: unknown): { readonly code: number; readonly details: string } {
  return error instanceof RpcError
    ? { code: CODES[error.code], details: error.message }
    : { code: status.INTERNAL, details: 'internal error' }
}
