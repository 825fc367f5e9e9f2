import {
  choice,
  concealed,
  duration,
  integer,
  list,
  listenAddress,
  notation,
  optional,
  section,
  setting,
  text,
} from '@cartero/agent/config'

import { path } from './notations.ts'

/** Of another process of ours: `host:port`. */
const place = notation('a host with its port such as mta:7001, 192.0.2.8:7001 or [2001:db8::8]:7001', (raw) =>
  isPlace(raw) ? raw : undefined,
)

function isPlace(raw: string): boolean {
  const [, digits] = /^(?:\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9])?):(\d{1,5})$/i.exec(raw) ?? []
  return digits !== undefined && Number(digits) >= 1 && Number(digits) <= 65_535
}

/** What is wrong may be a password, which is not shown. */
const databaseUrl = concealed(
  notation('the URL of a database such as postgres://cartero@postgres/cartero, without a password', (raw) =>
    isDatabaseUrl(raw) ? raw : undefined,
  ),
)

function isDatabaseUrl(raw: string): boolean {
  // Several hosts after commas are none to URL.
  const url = URL.parse(raw.replace(/^(postgres(?:ql)?:\/\/[^/,]*)(?:,[^/,]+)+/, '$1'))
  return url !== null && /^postgres(ql)?:$/.test(url.protocol) && url.password === ''
}

const nats = section('The broker, which carries mail and news from agent to agent.', {
  servers: setting(list(place), {
    default: [],
    doc: 'NATS servers (2.12 or later, JetStream with sync_interval: always, and with a max_file_store of more than 10GB, which mail on its way has to itself). Empty: one process, and nothing else of this section is used.',
    example: ['nats-1:4222', 'nats-2:4222', 'nats-3:4222'],
  }),
  monitor: setting(list(place), {
    default: [],
    doc: 'Where the same servers are monitored (http_port): there an agent sees for itself that they sync what they have acknowledged. Empty: nobody looks, and it is told that nobody does.',
    example: ['nats-1:8222', 'nats-2:8222', 'nats-3:8222'],
  }),
  replicas: setting(integer({ min: 1, max: 5 }), {
    default: 3,
    doc: 'How many of the servers keep each message and each object: 3 survive the loss of one.',
  }),
})

const postgres = section('The databases: one for all, or one for each store.', {
  url: optional(databaseUrl, {
    doc: 'Of all stores that have none of their own. Several hosts after commas: the one is used that writes. Over a network, ?sslmode=verify-full&sslrootcert=FILE is for TLS.',
    example: 'postgres://cartero@postgres/cartero',
  }),
  passwordFile: optional(path, {
    doc: 'The password of all of them, in a file.',
    example: '/run/secrets/postgres',
  }),
  spool: optional(databaseUrl, {
    doc: 'Of mail that is on its way (mta).',
    example: 'postgres://cartero@postgres-spool/cartero',
  }),
  mailstore: optional(databaseUrl, {
    doc: 'Of mail that is kept for its user (mda, imap, console).',
    example: 'postgres://cartero@postgres-mail/cartero',
  }),
  directory: optional(databaseUrl, {
    doc: 'Of domains, accounts and aliases (directory).',
    example: 'postgres://cartero@postgres/cartero',
  }),
  journey: optional(databaseUrl, {
    doc: 'Of what happened to messages (console).',
    example: 'postgres://cartero@postgres-journey/cartero',
  }),
  connections: setting(integer({ min: 1, max: 100 }), {
    default: 4,
    doc: 'Connections of each process to each database. They are few because work is done in batches; a server allows a hundred for all.',
  }),
})

const content = section('Where the octets of messages lie.', {
  kind: setting(choice(['nats', 's3']), {
    default: 'nats',
    doc: 'The object store of the broker, or one that speaks S3.',
  }),
  endpoint: optional(text('an address such as https://s3.example.org', /^https?:\/\/\S+$/), {
    doc: 'Where S3 is.',
    example: 'https://s3.example.org',
  }),
  bucket: setting(text('the name of a bucket', /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/), {
    default: 'cartero-content',
    doc: 'The bucket, of S3 or of the broker.',
  }),
  region: setting(text('the name of a region', /^[\w-]+$/), {
    default: 'us-east-1',
    doc: 'The region of the bucket, of S3.',
  }),
  accessKeyFile: optional(path, {
    doc: 'The access key id, in a file.',
    example: '/run/secrets/s3-access-key',
  }),
  secretKeyFile: optional(path, {
    doc: 'The secret access key, in a file.',
    example: '/run/secrets/s3-secret-key',
  }),
})

const identity = section(
  'Who this agent is among the others, in PEM: both sides of a connection prove it (mutual TLS). Needed wherever agents and servers are not on one machine; "cartero identity" makes all of it. {agent} stands for the name of the agent that reads it.',
  {
    certificate: optional(path, {
      doc: 'Its certificate, whose common name is that of the agent.',
      example: '/etc/cartero/identity/{agent}.pem',
    }),
    key: optional(path, { doc: 'Its private key.', example: '/etc/cartero/identity/{agent}.key' }),
    authorities: optional(path, {
      doc: 'Whom we believe about the others.',
      example: '/etc/cartero/identity/authority.pem',
    }),
  },
)

const of = (agent: string, why: string) =>
  optional(place, { doc: `Where ${agent} listens. ${why}`, example: `${agent}:7001` })

/** Where agents find each other, and what they share, when each is a process of its own. */
export const services = section(
  'Agents as processes of their own ("cartero run <agent>"): where the broker, the databases and the other agents are. One file serves all of them, and each needs only what it uses. Absent: one process ("cartero serve").',
  {
    nats,
    postgres,
    content,
    identity,
    listen: optional(listenAddress, {
      doc: 'Where this agent answers the others, by gRPC. The directory and the mta have to; of the rest the console learns how they are.',
      example: '0.0.0.0:7001',
    }),
    directory: of('directory', 'All but the directory itself ask it.'),
    directoryKeyFile: optional(path, {
      doc: 'The key under which the directory keeps passwords that must be read again; made when there is none. Directories that share a database share it. Absent: a file in the folder of the directory.',
      example: '/run/secrets/directory-key',
    }),
    mta: of(
      'mta',
      'Deliveries, turns of customers and the queue are asked of it; a name with several addresses is balanced.',
    ),
    mx: of('mx', 'For the console.'),
    msa: of('msa', 'For the console.'),
    mda: of('mda', 'For the console.'),
    imap: of('imap', 'For the console.'),
    odmr: of('odmr', 'For the console.'),
    patience: setting(duration({ min: '1s', max: '1h' }), {
      default: '60s',
      doc: 'How long an agent that starts waits for what it needs, so that the order in which all of it is started does not matter.',
    }),
  },
)
