/**
 * Questions between agents over gRPC: services of @cartero/contracts, offered and asked for.
 * @packageDocumentation
 */
export type { Caller } from './caller.ts'
export { RpcChannel, type Deadlines, type RpcChannelOptions } from './channel.ts'
export type { AgentIdentity } from './credentials.ts'
export type { RpcDefinition, ServiceOf } from './definition.ts'
export type { EndedCall, HearEndedCall } from './ended-call.ts'
export { RPC_LIMITS, type KeepAlive } from './limits.ts'
export type { Callers, Offer } from './offer.ts'
export { RpcError, type RpcCode } from './rpc-error.ts'
export { RpcServer, type RpcServerOptions } from './server.ts'
