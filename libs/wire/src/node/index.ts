/**
 * Sockets and TLS for protocol machines: the only place in the grammar rooms that touches Node's networking.
 * @packageDocumentation
 */
export {
  Connection,
  DECISION_LIMIT_MS,
  DecisionTimeoutError,
  INBOX_LIMIT,
  type ConnectionOptions,
} from './connection.ts'
export { dial, type DialOptions } from './dial.ts'
export {
  listenAll,
  ListenError,
  isLoopback,
  Listener,
  MAX_CONNECTIONS,
  MAX_CONNECTIONS_PER_ADDRESS,
  type ConnectionHandle,
  type ListenerOptions,
} from './listener.ts'
export { tlsFactsOf } from './tls-facts.ts'
export { HANDSHAKE_LIMIT_MS, TlsServer, type Identity } from './tls-upgrade.ts'
