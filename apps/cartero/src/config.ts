import {
  bytes,
  choice,
  duration,
  flag,
  integer,
  list,
  listenAddress,
  optional,
  record,
  section,
  setting,
  text,
  type ConfigOf,
} from '@cartero/agent/config'
import { LOG_LEVELS } from '@cartero/agent/telemetry'

import { auth } from './auth-section.ts'
import { dns } from './dns-section.ts'
import { odmr } from './odmr-section.ts'
import { relay } from './relay-section.ts'
import { routes, routing } from './routes-section.ts'
import { services } from './services-section.ts'
import { smtp } from './smtp-section.ts'
import { hostName, networks, path } from './notations.ts'

const doors = list(listenAddress)

const USE = {
  domains: 'domains are data, not configuration: use "cartero domain add"',
  accounts: 'accounts are data, not configuration: use "cartero account add"',
  users: 'accounts are data, not configuration: use "cartero account add"',
  aliases: 'aliases are data, not configuration: use "cartero alias add"',
}

const listen = section('The doors: addresses and ports. An empty list, [], closes a door.', {
  mx: setting(doors, {
    default: [':25'],
    doc: 'SMTP for mail from other hosts. It is accepted for our own domains only.',
  }),
  submission: setting(doors, { default: [':587'], doc: 'Submission by our users, with STARTTLS.' }),
  submissions: setting(doors, { default: [':465'], doc: 'Submission by our users, TLS at once.' }),
  imap: setting(doors, { default: [':143'], doc: 'IMAP with STARTTLS.' }),
  imaps: setting(doors, { default: [':993'], doc: 'IMAP, TLS at once.' }),
  lmtp: setting(doors, {
    default: [],
    doc: 'LMTP for other agents that deliver straight into our mailboxes, such as a Postfix in front of us. Only for lmtp.trusted; never on port 25.',
    example: ['127.0.0.1:24'],
  }),
  odmr: setting(doors, {
    default: [],
    doc: 'On-demand mail relay with STARTTLS (RFC 2645): for customers who come for mail that waits for them ("cartero odmr add"). Port 366 is meant for it.',
    example: [':366'],
  }),
  odmrs: setting(doors, {
    default: [],
    doc: 'The same, TLS at once; no port is known for it.',
    example: [':367'],
  }),
  http: setting(doors, {
    default: ['127.0.0.1:8080'],
    doc: 'Probes and metrics for the operator: /livez, /readyz?verbose, /metrics. Not for the public.',
  }),
})

const tls = section(
  'Who we are under TLS. Without a certificate of your own, a self-signed one is made and kept.',
  {
    certificate: optional(path, {
      doc: 'The certificate with its chain, in PEM. Read again at SIGHUP.',
      example: '/etc/letsencrypt/live/mail.example.org/fullchain.pem',
    }),
    key: optional(path, {
      doc: 'Its private key, in PEM.',
      example: '/etc/letsencrypt/live/mail.example.org/privkey.pem',
    }),
    certificates: setting(list(record({ certificate: path, key: path })), {
      default: [],
      doc: 'Certificates for other names. Clients that ask for a name (SNI) are shown the one that bears it, and the first of all when none does.',
      example: [
        {
          certificate: '/etc/letsencrypt/live/mail.example.net/fullchain.pem',
          key: '/etc/letsencrypt/live/mail.example.net/privkey.pem',
        },
      ],
    }),
  },
)

const imap = section('Mail that is read.', {
  sessions: setting(integer({ min: 1, max: 100_000 }), {
    default: 10_000,
    doc: 'Connections at a time, of each door.',
  }),
  sessionsPerAddress: setting(integer({ min: 1, max: 100_000 }), {
    default: 100,
    doc: 'Connections at a time from one address (IPv6: from one /64). Loopback is not counted.',
  }),
  sessionsPerAccount: setting(integer({ min: 1, max: 10_000 }), {
    default: 50,
    doc: 'Sessions of one account at a time. Clients open several each, and people have several clients.',
  }),
  hiddenCapabilities: setting(list(text('the name of a capability', /^[A-Z0-9=+/.-]+$/)), {
    default: [],
    doc: 'Capabilities that are not announced, for a client that one of them breaks.',
    example: ['CONDSTORE'],
  }),
  appendSize: setting(bytes({ min: '64KB', max: '2GB' }), {
    default: '100MB',
    doc: 'The largest message that a client may store itself (APPENDLIMIT, RFC 7889).',
  }),
  proxyProtocol: setting(networks, {
    default: [],
    doc: 'Proxies before the IMAP doors that say who connects by the PROXY protocol. When there are any, nobody else is let in.',
    example: ['192.0.2.9'],
  }),
  plaintextAuth: setting(flag, {
    default: false,
    doc: 'Lets users log in without TLS from this machine (loopback), for tests and proxies. From elsewhere TLS is needed in any case.',
  }),
})

const directory = section(
  'How addresses are read. Who exists is data.',
  {
    subaddressSeparator: setting(text('one of + - _ = # / ! or ""', /^[+\-_=#/!]?$/), {
      default: '+',
      doc: 'Stands between user and detail, so that mail for tim+lists@ goes to tim@. Decide once: addresses depend on it.',
    }),
  },
  USE,
)

const lmtp = section(
  'Mail that other agents deliver straight into mailboxes (RFC 2033). Its size, recipients and patience are those of smtp.',
  {
    trusted: setting(networks, {
      default: ['127.0.0.0/8', '::1'],
      doc: 'Whose agents may do so. Everybody else is refused at the greeting.',
      example: ['127.0.0.1', '192.0.2.8/29'],
    }),
    sessions: setting(integer({ min: 1, max: 100_000 }), {
      default: 200,
      doc: 'Connections at a time, of each door. Agents need few.',
    }),
  },
)

const spool = section('Mail we are responsible for, until it is where it belongs.', {
  giveUpAfter: setting(duration({ min: '1h', max: '30d' }), {
    default: '5d',
    doc: 'How long delivery is tried before a message is given back. RFC 5321 §4.5.4.1 asks for 4 to 5 days.',
  }),
  delayNoticeAfter: setting(duration({ min: '1m', max: '30d' }), {
    default: '4h',
    doc: 'When a sender is told, once, that a message is still being tried.',
  }),
  returnedSize: setting(bytes({ min: '0B', max: '50MB' }), {
    default: '1MB',
    doc: 'The largest message that is given back whole to a sender who asked for that. Of larger ones the header is.',
  }),
  keepDeadLetters: setting(duration({ min: '1d', max: '3650d' }), {
    default: '30d',
    doc: 'How long mail is kept for the operator that can neither be delivered nor be given back.',
  }),
  reclaimEvery: setting(duration({ min: '1s', max: '7d' }), {
    default: '10m',
    doc: 'How often disk space is reclaimed that no message needs any more. When space runs short that is done at once.',
  }),
})

const journey = section('What happened to each message, for "cartero trace". Mail never waits for it.', {
  keep: setting(duration({ min: '1h', max: '3650d' }), {
    default: '14d',
    doc: 'How long it is known. It tells who wrote to whom, so keep it for no longer than you answer questions about it.',
  }),
  size: setting(bytes({ min: '16MB', max: '1000GB' }), {
    default: '256MB',
    doc: 'How much of it is kept at most: the oldest goes first. 256 MB are about a million events, two or three to a message.',
  }),
})

const log = section('What is told, on standard error in development and on standard output otherwise.', {
  level: setting(choice(LOG_LEVELS), { default: 'info', doc: 'The least important events that are told.' }),
  format: setting(choice(['auto', 'json', 'pretty']), {
    default: 'auto',
    doc: 'JSON for machines, pretty for people; auto is pretty on a terminal.',
  }),
})

/** All of the configuration of the one-process composition. */
export const definition = section(
  'Configuration of Cartero. Every key is optional and shown at its default; uncomment what you change. ' +
    'Any key can also be set in the environment (smtp.messageSize is CARTERO_SMTP__MESSAGE_SIZE), which wins over this file. ' +
    'A key may be written in snake_case (smtp.message_size), too, and is the same key. ' +
    'Domains, accounts and aliases are data: "cartero domain add", "cartero account add", "cartero alias add".',
  {
    hostname: setting(hostName, {
      default: 'localhost',
      doc: "The name of this host in greetings, trace fields and identifiers. The system's name when absent.",
      example: 'mail.example.org',
    }),
    data: setting(path, {
      default: '/var/lib/cartero',
      doc: 'The folder of all that is kept: mail, spool and directory.',
    }),
    drain: setting(duration({ min: '0s', max: '1h' }), {
      default: '30s',
      doc: 'How long work at hand may take after SIGTERM.',
    }),
    listen,
    tls,
    smtp,
    lmtp,
    imap,
    auth,
    spool,
    relay,
    routes,
    routing,
    dns,
    odmr,
    directory,
    journey,
    services,
    log,
  },
  USE,
)

export type CarteroConfig = ConfigOf<typeof definition>
