import { duration, flag, integer, list, section, setting } from '@cartero/agent/config'

import { nameServer } from './notations.ts'

/** Whom the DNS is asked through. */
export const dns = section('Whom the DNS is asked through, for mail to other hosts.', {
  servers: setting(list(nameServer), {
    default: [],
    doc: 'Name servers that resolve for us, asked in this order. Empty: those of the system (/etc/resolv.conf). One on this machine that validates DNSSEC makes DANE possible.',
    example: ['127.0.0.1', '192.0.2.53:5353'],
  }),
  trustAd: setting(flag, {
    default: false,
    doc: 'Whether their word counts that an answer was validated by DNSSEC, though they are on other machines. Those on this machine are believed in any case, because nobody is on the way to them.',
  }),
  patience: setting(duration({ min: '100ms', max: '60s' }), {
    default: '3s',
    doc: 'How long one server may take to answer before the next one is asked, or it again.',
  }),
  rounds: setting(integer({ min: 1, max: 20 }), {
    default: 4,
    doc: 'How often a server is asked that stays silent.',
  }),
  cached: setting(integer({ min: 0, max: 10_000_000 }), {
    default: 20_000,
    doc: 'Answers that are kept for as long as they say of themselves that they are good.',
  }),
})
