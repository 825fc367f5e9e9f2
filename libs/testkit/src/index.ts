/**
 * What tests of the whole system stand on: the real process, real clients, and words no client would say.
 * @packageDocumentation
 */
export { CarteroProcess, MAIN, type Credentials, type StartOptions } from './cartero-process.ts'
export { command, type CommandOptions, type CommandResult } from './command.ts'
export { lacks } from './debian-tool.ts'
export { freePortBase, freePorts } from './free-ports.ts'
export { LineClient } from './line-client.ts'
export { CERTIFICATE, KEY } from './identity.ts'
export {
  NAMED_LACKS,
  startNameServer,
  type NameServer,
  type NameServerOptions,
} from './name-server/name-server.ts'
export type { NameServerZones, ServedZone } from './name-server/zones.ts'
export { NATS_LACKS, NatsServers, type NatsServerOptions } from './nats-server.ts'
export { PeerProcess } from './peer-process.ts'
export { PostgresDoor, type PausedWay } from './postgres-door.ts'
export { POSTGRES_LACKS, PostgresServer, type PostgresServerOptions } from './postgres-server.ts'
export { S3_LACKS, S3Server } from './s3-server.ts'
export { UNTOLD } from './proxy-headers.ts'
export { TestAuthority, type IssueOptions, type TestIdentity } from './test-authority.ts'
