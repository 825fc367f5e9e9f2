/**
 * The broker: news, streams that keep what is handed over, and objects.
 * @packageDocumentation
 */
export { NatsBus, type NatsBusOptions } from './nats-bus.ts'
