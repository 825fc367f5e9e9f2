/**
 * The way from the edges to a spool that is elsewhere.
 * @packageDocumentation
 */
export { decodeHandover, encodeMessage, joinMessages, type EncodedMessage } from './handover-codec.ts'
export type { HandedOver, SpoolInlet } from '../handover/ports.ts'
export { IntakeConsumer, type IntakeConsumerEvents, type IntakeConsumerOptions } from './intake-consumer.ts'
export { handoverSubject, intakeStream, type IntakeStreamOptions } from './intake-stream.ts'
export { JetStreamIntake, type JetStreamIntakeOptions } from './jetstream-intake.ts'
export { ASIDE_LIMITS, INTAKE_LIMITS, TAKE_IN_LIMITS } from './limits.ts'
