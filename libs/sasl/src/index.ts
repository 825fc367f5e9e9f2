/**
 * SASL mechanisms, both sides, without I/O: octets in, octets out. RFC 4422
 * @packageDocumentation
 */
export { decodeBase64, decodeInitialResponse } from './base64.ts'
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
export {
  mechanismNamed,
  mechanisms,
  offeredMechanisms,
  preferredMechanism,
  type MechanismRow,
} from './mechanisms.ts'
export { saslprep, type PreparedFor } from './saslprep.ts'
export { deriveScramKeys, sameOctets, SCRAM_KEY_LENGTH, type ScramKeys } from './scram-keys.ts'
export type { CredentialVerifier } from './verifier.ts'
