import type { DirectoryService } from '@cartero/contracts/directory'
import type { SpoolService } from '@cartero/contracts/spool/service'

import { AGENTS, type AgentName } from '../services-rules.ts'

/** Agents that may ask for each procedure: what somebody else's certificate is good for is what its agent needs. */
type Permissions<Service> = { readonly [Procedure in keyof Service]: readonly AgentName[] }

/** Doors at which our users prove who they are; the console takes messages of programs on its machine. */
const DOORS: readonly AgentName[] = ['msa', 'imap', 'odmr', 'console']
/** Take mail for others. */
const RECEPTIONS: readonly AgentName[] = ['mx', 'msa', 'mta', 'mda', 'odmr', 'console']
const OPERATOR: readonly AgentName[] = ['console']

export const DIRECTORY_PERMISSIONS: Permissions<DirectoryService> = {
  Resolve: AGENTS,
  Watch: AGENTS,
  Authenticate: DOORS,
  AuthenticateCramMd5: DOORS,
  ScramKeys: DOORS,
  ScramOutcome: DOORS,
  FindAccount: DOORS,
  SenderAllowed: ['msa', 'console'],
  CollectedDomains: ['mx', 'msa', 'odmr', 'console'],
  RewriteSenders: ['mta', 'console'],
  ListDomains: RECEPTIONS,
  // The customer's side looks whether all of a domain that it fetches can be delivered.
  ListAccounts: ['odmr', 'console'],
  ListAliases: OPERATOR,
  AddDomain: OPERATOR,
  SetDomain: OPERATOR,
  RemoveDomain: OPERATOR,
  AddAccount: OPERATOR,
  SetAccount: OPERATOR,
  SetPassword: OPERATOR,
  RemoveAccount: OPERATOR,
  SetAlias: OPERATOR,
  RemoveAlias: OPERATOR,
}

export const SPOOL_PERMISSIONS: Permissions<SpoolService> = {
  // What they hand over by the broker, too.
  Submit: ['mx', 'msa', 'mda', 'console'],
  Lease: ['mda'],
  // Whether more may wait for a customer, and that what waits is tried now (ETRN).
  Shape: ['mx', 'msa', 'console'],
  Uncollected: ['mx', 'msa', 'console'],
  Urge: ['mx', 'msa', 'console'],
  List: OPERATOR,
  Count: OPERATOR,
  Show: OPERATOR,
  Change: OPERATOR,
  Referenced: OPERATOR,
}
