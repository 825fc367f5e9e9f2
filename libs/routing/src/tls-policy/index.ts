/**
 * Which TLS other hosts must have: what is configured, DANE, MTA-STS, and what the mail asks for.
 * @packageDocumentation
 */
export { DestinationTlsPolicies, type DestinationTlsPoliciesOptions } from './destination-tls-policies.ts'
export {
  FETCH_BACK_OFF_MS,
  MAX_FAILURES,
  REFRESH_MS,
  StsPolicies,
  type StsFound,
  type StsPoliciesOptions,
} from './sts/policies.ts'
export { FETCH_LIMIT_MS, POLICY_LIMIT } from './sts/fetch.ts'
export { MAX_AGE_LIMIT, type StsPolicy } from './sts/policy.ts'
export { judgeTls, type FailureTold, type TlsOutcome } from './tls-failure.ts'
export {
  DAYS_KEPT,
  MAX_FAILURE_DETAILS,
  MAX_REPORTED_POLICIES,
  TlsResults,
  type FailureDetail,
  type PolicyReport,
} from './tls-results.ts'
