/**
 * The directory over a network: offered by who has the store, and asked by those who hold no credentials of it.
 * @packageDocumentation
 */
export { directoryErrorOf, directoryFaultOf } from './faults.ts'
export { REMOTE_DIRECTORY_LIMITS } from './limits.ts'
export { directoryOffer, type DirectoryOfferOptions } from './offer.ts'
export { openRemoteDirectory, type RemoteDirectoryOptions } from './remote-directory.ts'
