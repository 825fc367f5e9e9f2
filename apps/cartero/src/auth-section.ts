import { choice, duration, integer, list, optional, section, setting, text } from '@cartero/agent/config'
import { defaultMechanisms, mechanisms } from '@cartero/sasl'

import { path } from './notations.ts'

const [first = '', ...rest] = mechanisms.map(({ name }) => name)
const url = text('an address such as https://id.example.org', /^https?:\/\/\S+$/)
const window = duration({ min: '1s', max: '30d' })

/** Who may log in, and how: the same at every door where users do. */
export const auth = section('Who may log in, and how. The same for submission and IMAP.', {
  mechanisms: setting(list(choice([first, ...rest])), {
    default: defaultMechanisms,
    doc:
      'The mechanisms that may be offered; each is, where the connection and the keys below allow it. CRAM-MD5 is for ' +
      'old devices that know nothing better, and works for accounts with a reversible secret only.',
  }),
  clientAuthorities: optional(path, {
    doc:
      'Certificate authorities in PEM. Clients are asked for a certificate and may log in by one of theirs (EXTERNAL): ' +
      'as the account whose address it names, or to which its fingerprint is assigned ("cartero account set"). Read again at SIGHUP.',
    example: '/etc/cartero/client-authorities.pem',
  }),
  oauth: section('Logins by the tokens of an identity provider (OAUTHBEARER, XOAUTH2).', {
    issuer: optional(url, {
      doc: 'The issuer, to the letter as in its tokens.',
      example: 'https://id.example.org',
    }),
    jwks: optional(url, {
      doc: 'Where the issuer publishes its keys. Over https, unless it is on this machine.',
      example: 'https://id.example.org/keys',
    }),
    audience: optional(text('a name'), {
      doc: 'For whom the tokens must be made: what the issuer calls this server.',
      example: 'mail.example.org',
    }),
    loginClaim: setting(text('the name of a claim'), {
      default: 'email',
      doc: 'The claim that names the account. Choose one that users cannot change themselves.',
    }),
    scope: optional(text('words'), {
      doc: 'Scopes that a token must have, all of them.',
      example: 'mail',
    }),
  }),
  failures: setting(integer({ min: 1, max: 1_000_000 }), {
    default: 10,
    doc:
      'Wrong guesses from one address (IPv6: from one /64) until it is banned. The same wrong password again is no guess, ' +
      'a success forgives those at that account, and loopback is never banned.',
  }),
  failuresWithin: setting(window, { default: '10m', doc: 'How close together the guesses must come.' }),
  banTime: setting(window, {
    default: '15m',
    doc: 'How long a banned address is turned away. "cartero ban list" shows who is, "cartero ban lift" forgives.',
  }),
})
