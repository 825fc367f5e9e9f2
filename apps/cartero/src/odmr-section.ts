import {
  bytes,
  choice,
  concealed,
  duration,
  flag,
  integer,
  list,
  record,
  section,
  setting,
  text,
} from '@cartero/agent/config'

import { domain, hostNameOrAddress, networks, path } from './notations.ts'

// RFC 2645 §4
export const ODMR_PORT = 366

const providerName = text('a name such as edge', /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/)
const sessions = integer({ min: 1, max: 100_000 })

const notifyAfter = section(
  'When the contact of a customer is told that much waits for him: as soon as one of these is reached, and again when it was less meanwhile, once a day at most.',
  {
    messages: setting(integer({ min: 0, max: 1_000_000_000 }), {
      default: 1_000,
      doc: 'Messages that wait; 0 is any number.',
    }),
    octets: setting(bytes({ min: '0B', max: '1000000GB' }), {
      default: '500MB',
      doc: 'Octets of them; 0B is any number.',
    }),
    age: setting(duration({ min: '0s', max: '365d' }), {
      default: '3d',
      doc: 'How long the oldest one has waited; 0s is any time.',
    }),
  },
)

/** Providers whose customers we are. */
// RFC 2645 §5
const fetch = setting(
  list(
    record(
      {
        provider: providerName,
        host: hostNameOrAddress,
        username: text('a name'),
        password: concealed(record({}, { file: path, env: text('the name of a variable') })),
      },
      {
        port: integer({ min: 1, max: 65_535 }),
        domains: list(domain),
        tls: choice(['starttls', 'implicit', 'none']),
        authorities: path,
        every: duration({ min: '10s', max: '7d' }),
      },
    ),
  ),
  {
    default: [],
    doc:
      'Providers that keep mail for us, each with a name ("cartero odmr fetch NAME" goes there now). We call, log in, and take what is there over ' +
      'the same connection, so that neither an address of our own nor an open port is needed. Without every we go there on demand only, without ' +
      'domains for all that are ours there. TLS is asked for and must be verified (authorities names who vouches for it, in PEM), at once with tls: implicit; ' +
      'with tls: none everything is in the clear. A password lies in a file or in a variable, never here, and is read when the system starts.',
    example: [
      {
        provider: 'edge',
        host: 'edge.example.org',
        domains: ['home.example.org'],
        username: 'fetch@edge.example.org',
        password: { file: '/run/secrets/edge' },
        every: '5m',
      },
    ],
  },
)

/** On-demand mail relay: as a provider, and as a customer. */
export const odmr = section(
  'Mail that waits here until its customer comes for it (ATRN, RFC 2645), at the doors listen.odmr and listen.odmrs; and mail that others keep for us (fetch). ' +
    'Who is a customer is data: "cartero odmr add".',
  {
    keep: setting(duration({ min: '1h', max: '365d' }), {
      default: '30d',
      doc: 'How long mail waits before it is given back to its sender. A customer may have a time of his own.',
    }),
    quota: setting(bytes({ min: '64KB', max: '1000000GB' }), {
      default: '1GB',
      doc: 'Octets that may wait for one domain; what comes then is refused for now (452). A customer may have a quota of his own.',
    }),
    notifyAfter,
    retryAfter: setting(duration({ min: '1s', max: '1d' }), {
      default: '1m',
      doc: 'How long a message is not offered again that the customer could not take in a turn.',
    }),
    turnDuration: setting(duration({ min: '1m', max: '7d' }), {
      default: '4h',
      doc: 'How long one turn may last; what is left then waits for the next one.',
    }),
    turn: setting(flag, {
      default: false,
      doc: 'Answers TURN (RFC 821 §3.8) as ATRN for all domains of the customer, after a login and under TLS. Without it, it is not implemented.',
    }),
    clearCramMd5: setting(flag, {
      default: false,
      doc:
        'Offers CRAM-MD5 to customers without TLS, for accounts that may use it so ("cartero odmr add --clear-cram-md5"): old clients such as fetchmail ' +
        'know nothing else. Whoever listens can read the mail, and try passwords at home.',
    }),
    lineRecords: setting(flag, {
      default: true,
      doc: 'Sends each line of a reply in a TLS record of its own at listen.odmrs: clients such as fetchmail read one record, and wait for the rest without end.',
    }),
    sessions: setting(sessions, { default: 1_000, doc: 'Connections at a time, of each door.' }),
    sessionsPerAddress: setting(sessions, {
      default: 20,
      doc: 'Connections at a time from one address (IPv6: from one /64). Loopback is not counted.',
    }),
    proxyProtocol: setting(networks, {
      default: [],
      doc: 'Proxies before these doors that say who connects by the PROXY protocol. When there are any, nobody else is let in.',
      example: ['192.0.2.9'],
    }),
    fetch,
  },
  { customers: 'customers are data, not configuration: use "cartero odmr add"' },
)
