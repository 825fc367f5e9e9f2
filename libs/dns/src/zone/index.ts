/**
 * The DNS as zone files have it.
 * @packageDocumentation
 */
export { ZoneFileError } from './zone-file-error.ts'
export { ZoneResolver, type Zone, type ZoneResolverOptions } from './zone-resolver.ts'
