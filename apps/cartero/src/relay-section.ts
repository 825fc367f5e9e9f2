import {
  choice,
  duration,
  flag,
  integer,
  list,
  notation,
  optional,
  section,
  setting,
} from '@cartero/agent/config'

import { hostAddress, path } from './notations.ts'

const many = integer({ min: 1, max: 100_000 })
const wait = duration({ min: '1s', max: '7d' })

const jitter = notation('a share from 0 to 0.5', (raw) => {
  const share = Number(raw)
  return share >= 0 && share <= 0.5 ? share : undefined
})

const tls = section('What TLS must be like with other hosts.', {
  minimum: setting(choice(['opportunistic', 'encrypt', 'verify']), {
    default: 'opportunistic',
    doc: 'What every host must offer at least, unless a route or a rule says otherwise. With encrypt, mail for hosts without TLS waits, and is given back in the end; with verify, so is mail for hosts that no certificate proves.',
  }),
  dane: setting(flag, {
    default: true,
    doc: 'Believes TLSA records that were validated by DNSSEC, and sends to nobody else then (DANE, RFC 7672).',
  }),
  mtaSts: setting(flag, {
    default: true,
    doc: 'Follows the policy that a domain publishes by HTTPS (MTA-STS, RFC 8461).',
  }),
  authorities: optional(path, {
    doc: 'Certificate authorities in PEM that may vouch for other hosts, and for those that MTA-STS policies are fetched from. Those that Node brings along when absent, and only then. For a self-signed host, its certificate goes into the file, beside the public authorities.',
    example: '/etc/ssl/certs/ca-certificates.crt',
  }),
})

const retry = section('When mail is tried again that another host could not take for now.', {
  waits: setting(list(wait), {
    default: ['1m', '3m', '10m', '30m', '1h', '2h', '4h'],
    doc: 'Waits after the first attempts; the last one goes on until spool.giveUpAfter. RFC 5321 §4.5.4.1 asks for 30 minutes at least, which greylisting has made shorter at first. Destinations that cannot be reached wait for a minute at least, certificates that do not fit for ten, full mailboxes for thirty.',
  }),
  jitter: setting(jitter, {
    default: 0.1,
    doc: 'The share of each wait by which it may be longer or shorter, so that what failed together does not return together.',
  }),
})

/** All that an operator can say of mail on its way out. */
export const relay = section('Mail on its way out, to other hosts.', {
  mode: setting(choice(['send', 'hold', 'refuse']), {
    default: 'send',
    doc: 'What becomes of mail for elsewhere: it is sent; it is taken and held in the queue until somebody releases it; or it is refused when it is submitted, so that there is none but notices and what aliases forward. "cartero dev" holds.',
  }),
  connections: setting(many, {
    default: 200,
    doc: 'Connections to other hosts at once, over all destinations.',
  }),
  connectionsPerDestination: setting(many, {
    default: 20,
    doc: 'Connections to one destination at once; it begins with few, and grows as they are taken.',
  }),
  firstConnections: setting(integer({ min: 1, max: 1_000 }), {
    default: 5,
    doc: 'Connections with which a destination is begun.',
  }),
  connectionsPerHost: setting(many, {
    default: 50,
    doc: 'Connections to one host at once, whatever destinations it serves and whatever it is called: an address is a host, and so is an IPv6 /64.',
  }),
  transactionsPerConnection: setting(many, { default: 100, doc: 'Messages over one connection.' }),
  idle: setting(duration({ min: '0s', max: '5m' }), {
    default: '2s',
    doc: 'How long a connection is kept that has nothing to carry. Other hosts count it against us.',
  }),
  messagesPerMinute: setting(integer({ min: 0, max: 10_000_000 }), {
    default: 0,
    doc: 'Messages a minute to one destination; 0 is without limit.',
  }),
  port: setting(integer({ min: 1, max: 65_535 }), {
    default: 25,
    doc: 'The port of other hosts. Only tests, and networks that are closed to port 25, want another one.',
  }),
  sourceAddresses: setting(list(hostAddress), {
    default: [],
    doc: "Our addresses to call from, at most one of each family. Empty: the system's choice.",
    example: ['192.0.2.25', '2001:db8::25'],
  }),
  loopback: setting(flag, {
    default: false,
    doc: 'Hosts on this machine may be called, for tests. Our own doors never are: mail would go in circles.',
  }),
  retry,
  tls,
})
