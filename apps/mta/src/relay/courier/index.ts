/**
 * Carries deliveries of one destination over one connection, to whichever of its hosts takes them.
 * @packageDocumentation
 */
export { createCourier } from './courier.ts'
export { HOST_LIMITS } from './host-memory.ts'
export {
  CALL_OUTCOMES,
  type CallOutcome,
  type ConfiguredWays,
  type CourierEvents,
  type CourierOptions,
} from './options.ts'
