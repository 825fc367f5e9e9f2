/**
 * Who exists: domains, accounts, aliases and credentials, behind the names of `cartero.directory.v1`.
 * @packageDocumentation
 */
export {
  type Address,
  type AddressPolicy,
  DEFAULT_ADDRESS_POLICY,
  expectDomain,
  parseAddress,
  splitSubaddress,
} from './address.ts'
export { MAX_ALIAS_TARGETS } from './alias-verbs.ts'
export type { RefusedProof } from './authenticator.ts'
export { MAX_KEEP_SECONDS, MIN_KEEP_SECONDS } from './collection.ts'
export {
  credentialVerifier,
  type DoorVerifier,
  TOKEN_PATIENCE_MS,
  type VerifierOptions,
} from './credential-verifier.ts'
export {
  type AnyDirectory,
  type Directory,
  type DirectoryOptions,
  resolveOne,
  senderAllowed,
} from './directory.ts'
export { DirectoryError, type DirectoryFault } from './directory-error.ts'
export { MAX_PASSWORD_OCTETS } from './password.ts'
export { RETURN_PATH_DAYS } from './return-path.ts'
export { SECRET_KEY_OCTETS } from './secret-box.ts'
export type { RecordReader } from './records.ts'
export { MAX_ALIAS_DEPTH, MAX_ALIAS_NAMES, resolveRecipient } from './resolve-recipient.ts'
export type { AddressRule } from './ruled-resolution.ts'
export { isSenderAllowed } from './sender-allowed.ts'
export { Resolution_Verdict as Verdict, type Resolution, type Target } from '@cartero/contracts/directory'
