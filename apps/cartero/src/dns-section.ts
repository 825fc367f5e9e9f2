import { choice, duration, integer, list, section, setting } from '@cartero/agent/config'

import { nameServer } from './notations.ts'

/** Whom the DNS is asked through. */
export const dns = section('Whom the DNS is asked through, for mail to other hosts.', {
  servers: setting(list(nameServer), {
    default: [],
    doc: 'Name servers that resolve for us, asked in this order. Empty: those of the system (/etc/resolv.conf). One on this machine that validates DNSSEC makes DANE possible.',
    example: ['127.0.0.1', '192.0.2.53:5353'],
  }),
  trustAd: setting(choice(['auto', 'always', 'never']), {
    default: 'auto',
    doc: 'Whether their word counts that an answer was validated by DNSSEC: auto believes servers on this machine, because nobody is on the way to them (RFC 7672 §2.2).',
  }),
  patience: setting(duration({ min: '100ms', max: '60s' }), {
    default: '3s',
    doc: 'How long one server may take to answer before it, or the next one, is asked again.',
  }),
  attempts: setting(integer({ min: 1, max: 10 }), {
    default: 2,
    doc: 'How often each server is asked before there is no answer now.',
  }),
  cacheEntries: setting(integer({ min: 0, max: 10_000_000 }), {
    default: 10_000,
    doc: 'Answers that are kept for as long as they say of themselves that they are good.',
  }),
})
