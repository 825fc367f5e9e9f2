/**
 * The broker: news, streams that keep what is handed over, and objects.
 * @packageDocumentation
 */
export { BrokerError, type BrokerFault } from './broker-error.ts'
export { runTaker, type TakerOptions } from './taker.ts'
export { ObjectBucket, type BucketEntry, type BucketOptions } from './bucket.ts'
export { connectedNames } from './connected.ts'
export { DurableStream, type Publication, type StreamOptions } from './durable-stream.ts'
export { NATS_LIMITS, TAKING_LIMITS } from './limits.ts'
export { NatsBus, type NatsBusOptions } from './nats-bus.ts'
export type { StreamConfig } from './stream-config.ts'
export type { StreamEvents, StreamTrouble } from './stream-watch.ts'
export { StreamConsumer, type BatchLimit, type ConsumerConfig } from './stream-consumer.ts'
export type { TakenMessage } from './taken-message.ts'
