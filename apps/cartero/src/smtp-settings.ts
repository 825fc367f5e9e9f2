import type { LmtpSettings } from '@cartero/mda-agent/agent'
import type { MsaSettings } from '@cartero/msa-agent/agent'
import type { MtaSettings } from '@cartero/mta-agent/agent'
import { RefusalLists, type ReceptionPolicy } from '@cartero/spool/reception'
import { parseDomain, type Domain } from '@cartero/syntax'
import { NetworkSet, parseNetwork, type Network } from '@cartero/wire'

import type { CarteroConfig } from './config.ts'

/** What the agents are told of SMTP, in their own words. */
export function mtaSettings(config: CarteroConfig): MtaSettings {
  const { smtp } = config
  const { bareNewlines, earlyTalkers, acceptNoMail } = smtp.mx
  const common = commonSettings(config)
  return {
    ...common,
    limits: { ...common.limits, commandPatience: smtp.commandPatience },
    policy: { ...common.policy, acceptNoMail },
    listen: config.listen.mx.map((address) => ({ ...address, bareNewlines, earlyTalkers })),
  }
}

export function msaSettings(config: CarteroConfig): MsaSettings {
  const { listen, smtp } = config
  const { networks, plaintextAuth, recipientsPerHour, recipientsAtOnce, longestHold } = smtp.submission
  const { bareNewlines, earlyTalkers, commandPatience, dataPatience } = smtp.submission
  const common = commonSettings(config)
  const strictness = { bareNewlines, earlyTalkers }
  return {
    ...common,
    limits: { ...common.limits, commandPatience, dataPatience },
    policy: {
      ...common.policy,
      onlyFrom: networks.length === 0 ? undefined : networkSet(networks),
      longestHold: longestHold / 1_000,
    },
    submission: submissionPolicyOf(smtp.submission),
    listen: [
      ...listen.submission.map((address) => ({ ...address, ...strictness, implicitTls: false })),
      ...listen.submissions.map((address) => ({ ...address, ...strictness, implicitTls: true })),
    ],
    rate: { perHour: recipientsPerHour, burst: recipientsAtOnce },
    allowPlaintextAuth: plaintextAuth,
  }
}

export function lmtpSettings({ hostname, listen, lmtp, smtp }: CarteroConfig): LmtpSettings {
  const { messageSize, recipients, commandPatience } = smtp
  return {
    hostname,
    listen: listen.lmtp,
    trusted: networkSet(lmtp.trusted),
    limits: { messageSize, recipients, commandPatience },
    maxConnections: lmtp.sessions,
  }
}

function commonSettings({ hostname, smtp, relay }: CarteroConfig) {
  const { messageSize, recipients, transactions, greetingDelay, tarpit } = smtp
  return {
    hostname,
    limits: { messageSize, recipients, transactions, greetingDelay, ...tarpit },
    policy: { ...policyOf(smtp), routesOut: relay.mode !== 'refuse' },
    maxConnections: smtp.sessions,
    maxConnectionsPerAddress: smtp.sessionsPerAddress,
    proxyProtocol: smtp.proxyProtocol,
  }
}

function policyOf(smtp: CarteroConfig['smtp']): Partial<ReceptionPolicy> {
  const { networks, helo, senders } = smtp.refuse
  return {
    relayNetworks: networkSet(smtp.relayNetworks),
    proxies: networkSet(smtp.proxies),
    verify: smtp.verify,
    expand: smtp.expand,
    obsoleteVerbs: smtp.obsoleteVerbs,
    noMailDomains: new Set(smtp.noMailDomains.map(domainNamed)),
    refuse: new RefusalLists({
      networks: networks.map(({ network, severity }) => ({ network: networkNamed(network), severity })),
      helo,
      senders,
    }),
    rates: smtp.rates,
    solicitations: smtp.refuseSolicitations,
    shortestDelivery: smtp.shortestDelivery / 1_000,
    hiddenExtensions: new Set(smtp.hiddenExtensions),
    header: smtp.header,
    etrn: etrnPolicyOf(smtp.etrn),
  }
}

function etrnPolicyOf(etrn: CarteroConfig['smtp']['etrn']): ReceptionPolicy['etrn'] {
  return {
    allow: etrn.allow.map(({ for: nodes, networks = [], accounts = [] }) => ({
      nodes,
      networks: networkSet(networks),
      accounts: new Set(accounts.map((account) => account.toLowerCase())),
    })),
    collectors: etrn.customers,
    perPeer: { perHour: etrn.askedPerHour, burst: etrn.askedAtOnce },
    perNode: { perHour: etrn.startsPerHour, burst: etrn.startsAtOnce },
  }
}

function submissionPolicyOf(
  submission: CarteroConfig['smtp']['submission'],
): NonNullable<MsaSettings['submission']> {
  const { qualifyWith, rewriteDomains, ...policy } = submission
  return {
    ...policy,
    qualifyWith: qualifyWith === undefined ? undefined : domainNamed(qualifyWith),
    rewriteDomains: new Map(rewriteDomains.map(({ from, to }) => [domainNamed(from), domainNamed(to)])),
  }
}

/** The configuration has been checked. */
function networkNamed(text: string): Network {
  return parseNetwork(text)!
}

function networkSet(texts: readonly string[]): NetworkSet {
  return new NetworkSet(texts.map(networkNamed))
}

function domainNamed(text: string): Domain {
  return parseDomain(text)!
}
