/**
 * Objects in a stream of the broker.
 * @packageDocumentation
 */
export { openNatsObjects, type NatsObjectsOptions } from './nats-objects.ts'
