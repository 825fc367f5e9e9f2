import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js'

/** How messages of one type become octets and come back. */
export interface Codec {
  encode(message: never): { finish(): Uint8Array }
  decode(octets: Uint8Array): unknown
}

/** One procedure, as generated code describes it. */
export interface Procedure {
  readonly name: string
  readonly requestType: Codec
  readonly requestStream: boolean
  readonly responseType: Codec
  readonly responseStream: boolean
}

/** A service, as generated code describes it (`…Definition` of @cartero/contracts). */
export interface RpcDefinition {
  readonly fullName: string
  readonly methods: Readonly<Record<string, Procedure>>
}

type MessageOf<Type> = Type extends { decode(octets: Uint8Array): infer Message } ? Message : never

/** The interface of a service, by what generated code says of it. A call ends when its signal aborts, with the signal's reason. */
export type ServiceOf<Definition extends RpcDefinition> = {
  readonly [Key in keyof Definition['methods'] as Definition['methods'][Key]['name']]: (
    request: Definition['methods'][Key]['requestStream'] extends true
      ? AsyncIterable<MessageOf<Definition['methods'][Key]['requestType']>>
      : MessageOf<Definition['methods'][Key]['requestType']>,
    signal?: AbortSignal,
  ) => Definition['methods'][Key]['responseStream'] extends true
    ? AsyncIterable<MessageOf<Definition['methods'][Key]['responseType']>>
    : Promise<MessageOf<Definition['methods'][Key]['responseType']>>
}

/** By the names that the implementation's methods have. */
export type GrpcMethods = Readonly<Record<string, MethodDefinition<object, object>>>

export function grpcMethods({ fullName, methods }: RpcDefinition): GrpcMethods & ServiceDefinition {
  return Object.fromEntries(
    Object.values(methods).map((procedure) => [procedure.name, grpcMethod(fullName, procedure)]),
  )
}

function grpcMethod(service: string, procedure: Procedure): MethodDefinition<object, object> {
  const { name, requestType, responseType, requestStream, responseStream } = procedure
  return {
    path: `/${service}/${name}`,
    requestStream,
    responseStream,
    requestSerialize: serializer(requestType),
    requestDeserialize: deserializer(requestType),
    responseSerialize: serializer(responseType),
    responseDeserialize: deserializer(responseType),
  }
}

function serializer(codec: Codec): (message: object) => Buffer {
  return (message) => {
    const octets = codec.encode(message as never).finish()
    return Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength)
  }
}

function deserializer(codec: Codec): (octets: Buffer) => object {
  return (octets) => codec.decode(octets) as object
}
