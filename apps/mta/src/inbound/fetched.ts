import type { SmtpServerLimits } from '@cartero/smtp/server'
import { AddressLimits, DEFAULT_RECEPTION_POLICY } from '@cartero/spool/reception'
import { NetworkSet } from '@cartero/wire'

import type { MxSessionOptions } from './session.ts'

/**
 * How mail is taken in from a provider whom we called. He is no client of ours who could be a spammer, and has answered for the
 * mail already: what is said of hosts that call us (networks, rates, names, what their domains are) is not asked, and he may not
 * do what hosts of ours may (relaying, speaking for others, ETRN), wherever he is.
 */
// RFC 2645 §5.2
export function fetchedOptions(options: MxSessionOptions): MxSessionOptions {
  const { etrn: _etrn, senderDomains: _senderDomains, ...others } = options
  const { rates } = DEFAULT_RECEPTION_POLICY
  return {
    ...others,
    policy: {
      ...options.policy,
      relayNetworks: new NetworkSet(),
      proxies: new NetworkSet(),
      onlyFrom: undefined,
      acceptNoMail: false,
      refuse: options.policy.refuse.ofSenders(),
      rates,
      verify: 'never',
      expand: 'never',
    },
    addressLimits: new AddressLimits(rates, options.clock),
  }
}

/**
 * A provider has as much as he has, for whomever: among the mail of weeks are many who do not exist. He is not slowed down for it,
 * and not sent away.
 */
export const FETCHED_LIMITS: Partial<SmtpServerLimits> = {
  transactions: Infinity,
  commands: Infinity,
  refusedRecipients: Infinity,
  softErrors: Infinity,
}
