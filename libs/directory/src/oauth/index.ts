/**
 * Who a bearer token speaks for, by the published keys of its issuer.
 * @packageDocumentation
 */
export { DEFAULT_KEY_TIMES, type KeyTimes } from './issuer-keys.ts'
export {
  CLOCK_TOLERANCE_S,
  createJwksVerifier,
  DEFAULT_ALGORITHMS,
  type JwksVerifierOptions,
} from './jwks-verifier.ts'
