/**
 * SASL mechanisms, both sides, without I/O: octets in, octets out. RFC 4422
 * @packageDocumentation
 */
export { decodeBase64, decodeInitialResponse } from './base64.ts'
export { MAX_TOKEN } from './bearer.ts'
export type { SaslClientContext, SaslServerContext, TokenAdvice } from './context.ts'
export { cramMd5Digest } from './cram-md5.ts'
export {
  MAX_FIELD,
  MAX_RESPONSE_LINE,
  SaslClientError,
  type NonceSource,
  type SaslClientMechanism,
  type SaslFailure,
  type SaslServerMechanism,
  type SaslStep,
} from './mechanism.ts'
export type { MechanismRow } from './mechanism-row.ts'
export {
  defaultMechanisms,
  mechanismNamed,
  mechanisms,
  offeredMechanisms,
  preferredMechanism,
} from './mechanisms.ts'
export { saslprep, type PreparedFor } from './saslprep.ts'
export { deriveScramKeys, sameOctets, scramKeyLength, type ScramHash, type ScramKeys } from './scram-keys.ts'
export type { CredentialVerifier, TokenVerifier } from './verifier.ts'
