/**
 * What every resolver must pass, and the zone it must know for that.
 * @packageDocumentation
 */
export { testResolver, type ComplianceOptions, type ResolverUnderTest } from './resolver.ts'
export { COMPLIANCE_ORIGIN, COMPLIANCE_ZONE } from './zones.ts'
