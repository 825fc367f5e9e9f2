/**
 * What an operator asks of an agent in a process of its own, over gRPC. Loaded where that is wanted only.
 * @packageDocumentation
 */
export { controlOffer, type ControlOfferOptions } from './control-offer.ts'
