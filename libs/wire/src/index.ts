/**
 * Bytes on a connection, whatever the protocol: scanners, lines, protocol machines and what drives them.
 * @packageDocumentation
 */
export { ManualClock, pause, systemClock, type Clock } from './clock.ts'
export type { Bytes, ConnectionFacts, TlsFacts, TlsPeer } from './facts.ts'
export { LineReader, type Line } from './lines.ts'
export type { MaybePromise, Output, Patience, ProtocolMachine, Role } from './machine.ts'
export { octetClass, Scanner, SyntaxFault, type OctetClass } from './scanner.ts'
