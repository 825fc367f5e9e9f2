import { flag, integer, list, record, section, setting, text } from '@cartero/agent/config'

import { networks, queueNode } from './notations.ts'

const rate = integer({ min: 1, max: 1_000_000 })

/** Who may have waiting mail tried now. */
// RFC 1985, RFC 2505 §2.12
export const etrn = section(
  'Who may have mail tried now that waits for other hosts (ETRN, RFC 1985). It goes where it goes in any case, and nobody is given any; but each start makes us call somebody.',
  {
    allow: setting(
      list(
        record(
          { for: list(queueNode) },
          { networks, accounts: list(text('an address', /^[^\s@]+@[^\s@]+$/)) },
        ),
      ),
      {
        default: [],
        doc:
          'Rules of who may ask for what: for a domain, for a domain and all below it (@), or for a configured route (#); ' +
          'everybody in one of the networks, and whoever has logged in as one of the accounts.',
        example: [{ for: ['branch.example.org', '@north.example.org', '#archive'], networks: ['192.0.2.7'] }],
      },
    ),
    customers: setting(flag, {
      default: true,
      doc: 'Customers who have logged in may ask for domains whose mail waits for them, and are told that they have to come for it (ATRN).',
    }),
    askedPerHour: setting(rate, {
      default: 240,
      doc: 'What one address (IPv6: one /64) may ask for in the long run, allowed or not.',
    }),
    askedAtOnce: setting(rate, {
      default: 20,
      doc: 'What it may ask for at once, before the hourly rate counts.',
    }),
    startsPerHour: setting(rate, {
      default: 60,
      doc: 'How often one domain or route is started in the long run, whoever asks.',
    }),
    startsAtOnce: setting(rate, {
      default: 5,
      doc: 'How often it is started at once, before the hourly rate counts.',
    }),
  },
)
