import { choice, concealed, flag, integer, list, record, setting, text } from '@cartero/agent/config'

import { hostAndPort, path } from './notations.ts'

const routeName = text('a name such as provider', /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/)
const match = text(
  'an address, a domain such as example.net, .example.net (all below it), or *',
  /^(?:\*|\.?[^\s@.][^\s@]*|[^\s@]+@[^\s@]+)$/,
)
const floor = choice(['none', 'opportunistic', 'encrypt', 'verify'])

/** Named next hops. */
export const routes = setting(
  list(
    record(
      { name: routeName, hosts: list(hostAndPort) },
      {
        protocol: choice(['smtp', 'lmtp']),
        mx: flag,
        tls: floor,
        implicitTls: flag,
        username: text('a name'),
        password: concealed(record({}, { file: path, env: text('the name of a variable') })),
        messagesPerMinute: integer({ min: 0, max: 10_000_000 }),
        connections: integer({ min: 1, max: 100_000 }),
      },
    ),
  ),
  {
    default: [],
    doc:
      'Hosts that mail is handed to whatever the DNS says of its domain, each route with a name. Hosts are tried in their order; ' +
      'mx looks their names up as if they were domains. TLS is at least what is said here, and tls: none leaves it out. ' +
      'A password lies in a file or in a variable, never here, is read when the system starts, and needs tls: verify.',
    example: [
      {
        name: 'provider',
        hosts: ['smtp.provider.example:587'],
        tls: 'verify',
        username: 'us@example.org',
        password: { file: '/run/secrets/provider' },
      },
      { name: 'archive', protocol: 'lmtp', hosts: ['archive.example:24'] },
    ],
  },
)

/** Which mail goes by which of them. */
export const routing = setting(list(record({ match }, { via: routeName, tls: floor })), {
  default: [],
  doc:
    'Rules for mail for elsewhere: the route by which it goes (via), and what TLS must be at least (tls). An address wins over its domain, ' +
    'a domain over one above it, and these over *. Without via, or with via: mx, mail goes to the hosts that the DNS names; via: refuse takes none. ' +
    'A route has its own tls.',
  example: [
    { match: 'partner.example', tls: 'verify' },
    { match: '.internal.example', via: 'archive' },
    { match: '*', via: 'provider' },
  ],
})
