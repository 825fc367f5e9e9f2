/**
 * Sockets and TLS for protocol machines: the only place in the grammar rooms that touches Node's networking.
 * @packageDocumentation
 */
export { MAX_CONNECTIONS_PER_ADDRESS } from './admission.ts'
export {
  CLOSING_LIMIT_MS,
  Connection,
  DECISION_LIMIT_MS,
  DecisionTimeoutError,
  INBOX_LIMIT,
  type ConnectionOptions,
} from './connection.ts'
export { ATTEMPT_DELAY_MS, CONNECT_LIMIT_MS, MAX_ADDRESSES } from './connect-race.ts'
export { MAX_CHAIN_LENGTH, usableRecords, type DaneOptions, type DaneRecord } from './dane.ts'
export { DialError, type DialFault, type DialStage, type FailedAttempt } from './dial-error.ts'
export { dialWords } from './dial-words.ts'
export { dial, type Connected, type DialOptions } from './dial.ts'
export { HANDSHAKE_LIMIT_MS, HandshakeError, type Secured } from './handshake.ts'
export {
  listenAll,
  ListenError,
  Listener,
  MAX_CONNECTIONS,
  type ConnectionHandle,
  type ListenerOptions,
  type Refusal,
} from './listener.ts'
export { isLoopback, isUnobserved } from './loopback.ts'
export { PROXY_HEADER_LIMIT_MS } from './proxy-door.ts'
export type { TlsClientOptions } from './tls-client.ts'
export { checkIdentity, TlsServer, type Identity, type TlsServerOptions } from './tls-server.ts'
