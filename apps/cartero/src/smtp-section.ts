import {
  bytes,
  choice,
  duration,
  flag,
  integer,
  list,
  optional,
  section,
  setting,
  text,
} from '@cartero/agent/config'
import { etrn } from './etrn-section.ts'
import { domain, networks, refusedNames, refusedNetworks, renamedDomain } from './notations.ts'

const patience = duration({ min: '1s', max: '1d' })
/** The third failed login waits three times as long, and a submission server answers within two minutes. */
// RFC 6409 §5.3
const delay = duration({ min: '0s', max: '30s' })
const rate = integer({ min: 0, max: 1_000_000 })
const lookUp = choice(['never', 'authenticated'])
const bareNewlines = choice(['reject', 'clean'])
const earlyTalkers = choice(['accept', 'refuse'])

// RFC 2505 §2.5, RFC 2505 §2.7, RFC 5321 §7.9
const refuse = section(
  'Whom we do not want to hear of: for good, or with 4xx behind an item for now, so that mail comes again later. The null sender of notices is never refused.',
  {
    networks: setting(refusedNetworks, {
      default: [],
      doc: 'Clients from there are told so when they connect.',
      example: ['192.0.2.0/24', '198.51.100.0/24 4xx'],
    }),
    helo: setting(refusedNames, {
      default: [],
      doc: 'Clients that call themselves so.',
      example: ['ylmf-pc.example'],
    }),
    senders: setting(refusedNames, {
      default: [],
      doc: 'Senders and domains of senders.',
      example: ['.spam.example', 'tim@other.example 4xx'],
    }),
  },
)

// RFC 2505 §2.8
const rates = section(
  'What one address (IPv6: one /64) may do in a minute; 0 is without limit. Users and relay networks are not counted.',
  {
    connectionsPerMinute: setting(rate, {
      default: 0,
      doc: 'Connections, of all SMTP doors of a kind together.',
    }),
    messagesPerMinute: setting(rate, { default: 0, doc: 'Messages that are begun.' }),
    recipientsPerMinute: setting(rate, { default: 0, doc: 'Recipients that are named.' }),
  },
)

const tarpit = section('Patience that gets slower: what is wrong is answered late, which costs us nothing.', {
  softErrors: setting(integer({ min: 0, max: 1_000 }), {
    default: 10,
    doc: 'Errors and refused recipients of one connection that are answered at once.',
  }),
  errorDelay: setting(delay, { default: '1s', doc: 'How long the answer to each further one waits.' }),
  errors: setting(integer({ min: 1, max: 10_000 }), {
    default: 20,
    doc: 'Errors after which the connection is closed (RFC 5321 §4.3.2).',
  }),
  authFailureDelay: setting(delay, {
    default: '1s',
    doc: 'How long the answer to a failed login waits, to the second twice as long, and so on.',
  }),
})

const header = section('What the header of a message may be like; beyond it the message is refused.', {
  octets: setting(bytes({ min: '16KiB', max: '16MiB' }), {
    default: '256KiB',
    doc: 'Octets of the header. As much is held in memory for each message that is being read.',
  }),
  lines: setting(integer({ min: 100, max: 1_000_000 }), { default: 5_000, doc: 'Lines of the header.' }),
  fields: setting(integer({ min: 50, max: 100_000 }), { default: 2_000, doc: 'Fields of the header.' }),
  hops: setting(integer({ min: 25, max: 1_000 }), {
    default: 100,
    doc: 'Received fields beyond which a message goes in circles (RFC 5321 §6.3).',
  }),
  broken: setting(choice(['reject', 'accept']), {
    default: 'reject',
    doc: 'A header that ends at a line that is no field, without an empty line: readers differ about what it says.',
  }),
})

const mx = section('The doors for other hosts.', {
  bareNewlines: setting(bareNewlines, {
    default: 'reject',
    doc: 'Messages with a CR or LF on its own: refused, or kept with CRLF in its place. It never ends anything (RFC 5321 §2.3.8).',
  }),
  earlyTalkers: setting(earlyTalkers, {
    default: 'accept',
    doc: 'Clients that speak before they are greeted (RFC 5321 §3.1). To find out, refuse lets all wait for the greeting (smtp.greetingDelay).',
  }),
  senderDomains: setting(choice(['accept', 'check']), {
    default: 'accept',
    doc: 'Whether the DNS is asked about the domains of senders: check refuses senders whom no notice could reach (RFC 2505 §2.9).',
  }),
  acceptNoMail: setting(flag, {
    default: false,
    doc: 'The host says that it accepts no mail at all, and nothing else (RFC 7504).',
  }),
})

const submission = section('The doors for our users, and what is done for their mail (RFC 6409).', {
  networks: setting(networks, {
    default: [],
    doc: 'The only networks that submission is for, even with login. Empty: from everywhere.',
    example: ['192.0.2.0/24'],
  }),
  plaintextAuth: setting(flag, {
    default: false,
    doc: 'Lets users log in without TLS from this machine (loopback), for tests and proxies. From elsewhere TLS is needed in any case.',
  }),
  recipientsPerHour: setting(integer({ min: 1, max: 1_000_000_000 }), {
    default: 2_000,
    doc: 'Recipients that one account may write to in the long run. A stolen password must not become a spam cannon.',
  }),
  recipientsAtOnce: setting(integer({ min: 1, max: 1_000_000_000 }), {
    default: 1_000,
    doc: 'Recipients that one account may write to at once, before the hourly rate counts.',
  }),
  commandPatience: setting(patience, {
    default: '2m',
    doc: "How long a user's client may be silent between commands. It is nearer than other hosts, and may be asked for more haste (RFC 6409 §5.3).",
  }),
  dataPatience: setting(patience, {
    default: '2m',
    doc: 'How long it may be silent within a message (RFC 6409 §5.3).',
  }),
  bareNewlines: setting(bareNewlines, {
    default: 'reject',
    doc: 'Messages with a CR or LF on its own: refused, or kept with CRLF in its place (RFC 5321 §2.3.8).',
  }),
  earlyTalkers: setting(earlyTalkers, {
    default: 'accept',
    doc: 'Clients that speak before they are greeted (RFC 5321 §3.1).',
  }),
  unqualifiedDomains: setting(choice(['refuse', 'expand', 'accept']), {
    default: 'refuse',
    doc: 'Addresses such as tim@sales, which mean nothing elsewhere (RFC 6409 §4.2); expand needs qualifyWith.',
  }),
  qualifyWith: optional(domain, {
    doc: 'What expand puts behind them: sales becomes sales.example.org (RFC 6409 §4.2).',
    example: 'example.org',
  }),
  headerAddresses: setting(choice(['refuse', 'accept']), {
    default: 'refuse',
    doc: 'Addresses without a whole domain in the header: nobody could reply to them (RFC 6409 §5.1).',
  }),
  headerFrom: setting(choice(['any', 'own']), {
    default: 'any',
    doc: 'Whom users may name as author: anybody, or only themselves and their aliases (RFC 6409 §6.3).',
  }),
  messageData: setting(choice(['refuse', 'accept']), {
    default: 'refuse',
    doc: 'Messages with two authors, dates or subjects, of which each reader sees another one (RFC 6409 §6.3).',
  }),
  openPostmaster: setting(flag, {
    default: false,
    doc: 'Lets anybody write to our postmaster without login, for instance that logging in fails (RFC 6409 §6.4).',
  }),
  addSender: setting(flag, {
    default: true,
    doc: 'Adds Sender, with the sender of the envelope, where the author is somebody else (RFC 6409 §8.1).',
  }),
  addDate: setting(flag, { default: true, doc: 'Adds Date where there is none (RFC 6409 §8.2).' }),
  addMessageId: setting(flag, {
    default: true,
    doc: 'Adds Message-ID where there is none, or none that deserves the name (RFC 6409 §8.3).',
  }),
  transferEncode: setting(choice(['never', '8bit', '7bit']), {
    default: 'never',
    doc: 'What submitted octets are encoded to before they are kept (RFC 6409 §8.4); otherwise that is done when a host needs it.',
  }),
  dropFields: setting(list(text('the name of a field', /^[!-9;-~]+$/)), {
    default: ['Bcc', 'Return-Path'],
    doc: 'Fields that do not leave the house: blind copies are to stay blind (RFC 5322 §3.6.3).',
  }),
  rewriteDomains: setting(list(renamedDomain), {
    default: [],
    doc: 'Domains that are written by their public names, in envelope and header: the inner one, and what it becomes (RFC 6409 §8.8).',
    example: ['internal.example=example.org'],
  }),
  longestHold: setting(duration({ min: '1m', max: '365d' }), {
    default: '30d',
    doc: 'How long a message is kept back at most before it is sent (FUTURERELEASE, RFC 4865).',
  }),
})

/** All that an operator can say of SMTP. */
export const smtp = section('Mail on its way in, from users and from other hosts.', {
  messageSize: setting(bytes({ min: '64KB', max: '2GB' }), {
    default: '50MB',
    doc: 'The largest message, as announced by SIZE (RFC 1870).',
  }),
  recipients: setting(integer({ min: 100, max: 100_000 }), {
    default: 1_000,
    doc: 'Recipients of one message. RFC 5321 §4.5.3.1.8 asks for 100 at least.',
  }),
  transactions: setting(integer({ min: 1, max: 1_000_000 }), {
    default: 10_000,
    doc: 'Messages of one connection, as announced by LIMITS (RFC 9422).',
  }),
  sessions: setting(integer({ min: 1, max: 100_000 }), {
    default: 10_000,
    doc: 'Connections at a time, of each door.',
  }),
  sessionsPerAddress: setting(integer({ min: 1, max: 100_000 }), {
    default: 100,
    doc: 'Connections at a time from one address (IPv6: from one /64), so that one peer cannot take all. Loopback is not counted.',
  }),
  commandPatience: setting(patience, {
    default: '5m',
    doc: 'How long another host may be silent between commands (RFC 5321 §4.5.3.2.7).',
  }),
  greetingDelay: setting(delay, {
    default: '2s',
    doc: 'How long clients wait for the greeting at doors where early talkers are refused.',
  }),
  relayNetworks: setting(networks, {
    default: [],
    doc: 'Our own machines, which may send to anybody without login, by any SMTP door. Whoever is in there is trusted: never a network of strangers.',
    example: ['192.0.2.0/28', '2001:db8:1::/64'],
  }),
  proxies: setting(networks, {
    default: [],
    doc: 'Proxies and filters that may say for whom they speak, by XCLIENT and XFORWARD. They can be anybody then.',
    example: ['192.0.2.8'],
  }),
  proxyProtocol: setting(networks, {
    default: [],
    doc: 'Proxies before the SMTP doors that say who connects by the PROXY protocol. When there are any, nobody else is let in.',
    example: ['192.0.2.9'],
  }),
  verify: setting(lookUp, {
    default: 'never',
    doc: 'Whom VRFY tells who is here (RFC 5321 §7.3). Others are told neither yes nor no.',
  }),
  expand: setting(lookUp, {
    default: 'never',
    doc: 'Whom EXPN tells who reads an alias (RFC 5321 §7.3).',
  }),
  obsoleteVerbs: setting(flag, {
    default: false,
    doc: 'SEND, SOML and SAML, which bring a message to a terminal (RFC 821 §3.4); "cartero terminal" is one.',
  }),
  noMailDomains: setting(list(domain), {
    default: [],
    doc: 'Domains that accept no mail and send none: mail to them is refused with 556, mail from them with 550 (RFC 7505).',
    example: ['example.net'],
  }),
  refuseSolicitations: setting(
    list(text('a keyword such as net.example:ADV', /^[a-z0-9.-]+:[A-Za-z0-9._:-]+$/)),
    {
      default: [],
      doc: 'Kinds of solicitation that nobody here wants; announced by NO-SOLICITING when there are any (RFC 3865).',
      example: ['net.example:ADV'],
    },
  ),
  shortestDelivery: setting(duration({ min: '0s', max: '1d' }), {
    default: '0s',
    doc: 'The shortest time for a delivery that may be asked for by DELIVERBY (RFC 2852).',
  }),
  hiddenExtensions: setting(
    list(choice(['DSN', 'BINARYMIME', 'DELIVERBY', 'FUTURERELEASE', 'MT-PRIORITY', 'REQUIRETLS'])),
    {
      default: [],
      doc: 'Extensions that are not announced, for a client that one of them breaks.',
      example: ['BINARYMIME'],
    },
  ),
  refuse,
  rates,
  tarpit,
  header,
  etrn,
  mx,
  submission,
})
