/**
 * Asks recursive name servers over UDP and TCP.
 * @packageDocumentation
 */
export { DEFAULT_LIMITS, type StubLimits } from './limits.ts'
export { parseServer, systemServers, type NameServer } from './servers.ts'
export { StubResolver, type StubOptions } from './stub-resolver.ts'
