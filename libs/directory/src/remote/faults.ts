import { RpcError, type RpcCode } from '@cartero/bus/grpc'

import { DirectoryError, type DirectoryFault } from '../directory-error.ts'

const CODES: Readonly<Record<DirectoryFault, RpcCode>> = {
  notFound: 'NOT_FOUND',
  exists: 'ALREADY_EXISTS',
  inUse: 'FAILED_PRECONDITION',
  invalid: 'INVALID_ARGUMENT',
  busy: 'RESOURCE_EXHAUSTED',
  unavailable: 'UNAVAILABLE',
}

const FAULTS = new Map(Object.entries(CODES).map(([fault, code]) => [code, fault as DirectoryFault]))

/** For a server: whose fault an error of the directory is; undefined for a bug. */
export function directoryFaultOf(error: unknown): RpcError | undefined {
  return error instanceof DirectoryError
    ? new RpcError(CODES[error.fault], error.message, { cause: error })
    : undefined
}

/** For a channel: the error of the directory that was meant. A directory that cannot be asked is one that is away. */
export function directoryErrorOf(error: RpcError): DirectoryError {
  return new DirectoryError(FAULTS.get(error.code) ?? 'unavailable', error.message, { cause: error })
}
