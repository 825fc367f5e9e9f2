import type { Directory } from '@cartero/directory'
import type { Change, Events, Subject } from './events.ts'

/** The same directory; what changes it and who logs in is told. Resolving is not: the edges tell what came of it. */
export function observedDirectory(directory: Directory, events: Events): Directory {
  return {
    resolveNow: (address) => directory.resolveNow(address),
    senderAllowedNow: (account, address) => directory.senderAllowedNow(account, address),
    scramOutcome: (login, right, peer) => observeScram(directory, events, login, right, peer),
    close: () => directory.close(),
    Watch: (request, signal) => directory.Watch(request, signal),
    ScramOutcome: async ({ login, right, peer }) => {
      observeScram(directory, events, login, right, peer)
      return {}
    },
    Resolve: (request) => directory.Resolve(request),
    SenderAllowed: (request) => directory.SenderAllowed(request),
    CollectedDomains: (request) => directory.CollectedDomains(request),
    RewriteSenders: (request) => directory.RewriteSenders(request),
    ScramKeys: (request) => directory.ScramKeys(request),
    ListDomains: (request) => directory.ListDomains(request),
    ListAccounts: (request) => directory.ListAccounts(request),
    ListAliases: (request) => directory.ListAliases(request),
    Authenticate: (request) => observed(events, request.login, directory.Authenticate(request)),
    AuthenticateCramMd5: async (request) => {
      const response = await observed(events, request.login, directory.AuthenticateCramMd5(request))
      if (request.inTheClear && response.account !== '') events.loginInTheClear(response.account)
      return response
    },
    FindAccount: (request) =>
      observed(events, request.claimed || (request.logins[0] ?? ''), directory.FindAccount(request)),
    ...changes(directory, events),
  }
}

type Changing =
  | 'AddDomain'
  | 'SetDomain'
  | 'RemoveDomain'
  | 'AddAccount'
  | 'SetAccount'
  | 'SetPassword'
  | 'RemoveAccount'
  | 'SetAlias'
  | 'RemoveAlias'

function changes(directory: Directory, events: Events): Pick<Directory, Changing> {
  const told = async <R>(
    subject: Subject,
    change: Change,
    name: string | undefined,
    done: Promise<R>,
  ): Promise<R> => {
    const response = await done
    events.changed(subject, change, name ?? '')
    return response
  }
  return {
    AddDomain: (request) => told('domain', 'added', request.domain?.name, directory.AddDomain(request)),
    SetDomain: (request) => told('domain', 'changed', request.domain?.name, directory.SetDomain(request)),
    RemoveDomain: (request) => told('domain', 'removed', request.name, directory.RemoveDomain(request)),
    AddAccount: (request) =>
      told('account', 'added', request.account?.address, directory.AddAccount(request)),
    SetAccount: (request) =>
      told('account', 'changed', request.account?.address, directory.SetAccount(request)),
    SetPassword: (request) =>
      told('account', 'password-changed', request.address, directory.SetPassword(request)),
    RemoveAccount: (request) => told('account', 'removed', request.address, directory.RemoveAccount(request)),
    SetAlias: (request) => told('alias', 'changed', request.alias?.address, directory.SetAlias(request)),
    RemoveAlias: (request) => told('alias', 'removed', request.address, directory.RemoveAlias(request)),
  }
}

function observeScram(
  directory: Directory,
  events: Events,
  login: string,
  right: boolean,
  peer: string | undefined,
): void {
  directory.scramOutcome(login, right, peer)
  if (right) events.loginAccepted(login)
  else events.loginRefused(login)
}

/** Tells how a proof ended. `login` is what was claimed. */
async function observed<R extends { readonly account: string }>(
  events: Events,
  login: string,
  checking: Promise<R>,
): Promise<R> {
  try {
    const response = await checking
    if (response.account === '') events.loginRefused(login)
    else events.loginAccepted(response.account)
    return response
  } catch (error) {
    events.loginUnknown(login, error)
    throw error
  }
}
