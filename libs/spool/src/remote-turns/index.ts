/**
 * Turns of customers over a network: the MTA offers them, and who speaks with customers holds no credentials of any store.
 * @packageDocumentation
 */
export { REMOTE_TURN_LIMITS } from './limits.ts'
export { RemoteTurns } from './remote-turns.ts'
export { TurnServer, turnErrorOf, turnFaultOf, type TurnServerOptions } from './turn-server.ts'
