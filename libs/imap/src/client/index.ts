/**
 * The client's side of IMAP: a machine that sends commands and reads responses, and a way to drive a server without sockets.
 * @packageDocumentation
 */
export { Loopback, type LoopbackOptions } from './loopback.ts'
export { ImapClientMachine, type ClientCommand, type ClientObserver, type Completion } from './machine.ts'
export { parseResponse, type ServerResponse, type Value } from './response-parser.ts'
export { ResponseReader } from './response-reader.ts'
