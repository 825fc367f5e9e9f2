import type {
  ServerDuplexStream,
  ServerReadableStream,
  ServerUnaryCall,
  ServerWritableStream,
} from '@grpc/grpc-js'

import { callerOf, type Caller } from './caller.ts'
import type { Procedure } from './definition.ts'
import { codeNamed, RpcError, statusOf } from './rpc-error.ts'
import type { ServedCalls } from './served-calls.ts'
import { readAll, writeAll } from './streams.ts'

export type Method = (request: unknown, signal: AbortSignal, caller: Caller) => unknown

export interface HandlerOptions {
  /** With the name of its service. */
  readonly name: string
  readonly procedure: Pick<Procedure, 'requestStream' | 'responseStream'>
  readonly method: Method
  readonly calls: ServedCalls
  readonly callers: ReadonlySet<string> | undefined
  /** What the caller is told of an error. */
  readonly told: (error: unknown) => Status
}

type Status = ReturnType<typeof statusOf>
type StreamCall = ServerWritableStream<object, object> | ServerDuplexStream<object, object>
type AnswerCall = ServerUnaryCall<object, object> | ServerReadableStream<object, object>
type Answered = (error: Status | null, response?: object) => void

/** What gRPC calls for each call of a procedure. */
export function handlerOf(options: HandlerOptions): unknown {
  return options.procedure.responseStream ? streaming(options) : answering(options)
}

function streaming(options: HandlerOptions): (call: StreamCall) => void {
  return (call) => {
    const served = options.calls.begin(call, { procedure: options.name, isStream: true })
    const carry = async (): Promise<void> => {
      const caller = admitted(options, call)
      const request = 'read' in call ? readAll(call, served.signal) : call.request
      const responses = options.method(request, served.signal, caller) as AsyncIterable<object>
      await writeAll(call, responses, served.signal)
      call.end()
      served.end('OK')
    }
    void carry().catch((error: unknown) => {
      const status = options.told(error)
      served.end(codeNamed(status.code))
      if (!call.cancelled) call.emit('error', status)
    })
  }
}

function answering(options: HandlerOptions): (call: AnswerCall, answered: Answered) => void {
  const { requestStream } = options.procedure
  return (call, answered) => {
    const served = options.calls.begin(call, { procedure: options.name, isStream: requestStream })
    const answer = async (): Promise<void> => {
      const caller = admitted(options, call)
      const request = requestStream
        ? readAll(call as ServerReadableStream<object, object>, served.signal)
        : (call as ServerUnaryCall<object, object>).request
      const response = (await options.method(request, served.signal, caller)) as object
      served.end('OK')
      answered(null, response)
    }
    void answer().catch((error: unknown) => {
      const status = options.told(error)
      served.end(codeNamed(status.code))
      answered(status)
    })
  }
}

/** Who asks, if he may. */
function admitted({ callers, name }: HandlerOptions, call: StreamCall | AnswerCall): Caller {
  const caller = callerOf(call)
  if (callers === undefined || (caller.agent !== undefined && callers.has(caller.agent))) return caller
  throw new RpcError('PERMISSION_DENIED', `${caller.agent ?? 'nobody'} may not ask ${name}`)
}
