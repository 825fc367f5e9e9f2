/**
 * Questions between agents over gRPC: services of @cartero/contracts, offered and asked for.
 * @packageDocumentation
 */
export { RpcChannel, type RpcChannelOptions } from './channel.ts'
export type { AgentIdentity } from './credentials.ts'
export type { RpcDefinition, ServiceOf } from './definition.ts'
export { RPC_LIMITS } from './limits.ts'
export { RpcError, type RpcCode } from './rpc-error.ts'
export { RpcServer, type Offer, type RpcServerOptions } from './server.ts'
