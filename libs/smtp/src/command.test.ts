import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseDomain, parseMailbox, type Mailbox } from '@cartero/syntax'
import { PARSERS, splitVerb } from './command.ts'
import type { Extension } from './extensions.ts'
import { EXTENSIONS, parseOffer } from './extensions.ts'
import type { MailParameters } from './parameters/mail-parameters.ts'
import type { RcptParameters } from './parameters/rcpt-parameters.ts'
import { formatPath, parseForwardPath, parseReversePath } from './path.ts'
import { ReplyError } from './reply-error.ts'
import { formatAtrn, type AtrnCommand } from './verb/atrn.ts'
import { formatAuth } from './verb/auth.ts'
import { formatEtrn, type EtrnCommand } from './verb/etrn.ts'
import { formatMail, type MailCommand } from './verb/mail.ts'
import { formatProxied, type ProxiedCommand } from './verb/proxied.ts'
import { formatRcpt, type RcptCommand } from './verb/rcpt.ts'

const ALL = new Set(Object.keys(EXTENSIONS) as Extension[])

function parse(line: string): unknown {
  const { verb, rest } = splitVerb(Buffer.from(line))
  return PARSERS[verb as keyof typeof PARSERS](rest, ALL)
}

const mailbox = fc
  .string({
    unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
    maxLength: 20,
  })
  .map((localPart): Mailbox => ({ localPart, domain: parseMailbox('a@example.com')!.domain }))

const printable = (minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.string({
    unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
    minLength,
    maxLength,
  })

const deliverBy = (
  seconds: fc.Arbitrary<number>,
  mode: 'return' | 'notify',
): fc.Arbitrary<NonNullable<MailParameters['deliverBy']>> =>
  fc.tuple(seconds, fc.boolean()).map(([time, trace]) => ({ seconds: time, mode, trace }))

/** @param held the one of the two that may be there */
const mailParameters = (held: 'holdFor' | 'holdUntil' | undefined): fc.Arbitrary<MailParameters> =>
  fc.record(
    {
      size: fc.nat(),
      body: fc.constantFrom('7BIT', '8BITMIME', 'BINARYMIME'),
      smtpUtf8: fc.constant(true as const),
      auth: fc.oneof(mailbox, fc.constant('<>' as const)),
      return: fc.constantFrom('full', 'headers'),
      envelopeId: printable(1, 30),
      deliverBy: fc.oneof(
        deliverBy(fc.integer({ min: 1, max: 999_999_999 }), 'return'),
        deliverBy(fc.integer({ min: -999_999_999, max: 999_999_999 }), 'notify'),
      ),
      priority: fc.integer({ min: -9, max: 9 }),
      requireTls: fc.constant(true as const),
      solicitations: fc.array(fc.stringMatching(/^[A-Za-z][A-Za-z0-9._:-]{0,9}$/), {
        minLength: 1,
        maxLength: 3,
      }),
      ...(held === undefined ? {} : { [held]: fc.integer({ min: 1, max: 999_999_999 }) }),
    },
    { requiredKeys: [] },
  )

test('what a client says of a sender is what a server hears', () => {
  const parameters = fc.constantFrom('holdFor', 'holdUntil', undefined).chain(mailParameters)
  fc.assert(
    fc.property(fc.option(mailbox, { nil: undefined }), parameters, (reversePath, given) => {
      const heard = parse(formatMail(reversePath, given)) as MailCommand
      assert.deepEqual(heard.reversePath, reversePath)
      assert.deepEqual({ ...heard.parameters }, { ...given })
    }),
    { numRuns: 200 },
  )
})

const visible = fc.string({
  unit: fc.constantFrom('a', 'ü', '用', '\u{1f600}', '\\', '+', '=', ' ', '@'),
  minLength: 1,
})
const rcptParameters: fc.Arbitrary<RcptParameters> = fc.record(
  {
    notify: fc.oneof(
      fc.constant(['never'] as const),
      fc.shuffledSubarray(['success', 'failure', 'delay'] as const, { minLength: 1 }),
    ),
    originalRecipient: fc.oneof(
      printable(1, 30).map((address) => `rfc822;${address}`),
      visible.map((address) => `utf-8;${address}`),
    ),
  },
  { requiredKeys: [] },
)

test('what a proxy says of a client is what a server hears', () => {
  const word = fc.string({
    unit: fc.constantFrom('a', '[', ':', '+', '=', '@', '.'),
    minLength: 1,
    maxLength: 20,
  })
  const attributes = fc.record(
    {
      name: fc.option(word),
      address: fc.constantFrom(null, '192.0.2.1', '2001:db8::1', '::'),
      port: fc.option(fc.integer({ min: 0, max: 65_535 })),
      protocol: fc.constantFrom('SMTP', 'ESMTP'),
      helo: fc.option(word),
      login: fc.option(word),
      destinationAddress: fc.constantFrom(null, '192.0.2.1'),
      destinationPort: fc.option(fc.integer({ min: 0, max: 65_535 })),
    },
    { requiredKeys: [] },
  )
  const client = attributes.filter((given) => Object.keys(given).length > 0)
  fc.assert(
    fc.property(client, (given) => {
      const { client: heard } = parse(formatProxied({ verb: 'XCLIENT', client: given })) as ProxiedCommand
      assert.deepEqual({ ...heard }, { ...given })
    }),
    { numRuns: 200 },
  )
})

test('what a client says of a recipient is what a server hears', () => {
  fc.assert(
    fc.property(mailbox, rcptParameters, (forwardPath, parameters) => {
      const { parameters: heard, ...rest } = parse(formatRcpt(forwardPath, parameters)) as RcptCommand
      assert.deepEqual(rest, { verb: 'RCPT', forwardPath, utf8: false })
      assert.deepEqual({ ...heard }, { ...parameters })
    }),
    { numRuns: 200 },
  )
  assert.deepEqual(parse(formatRcpt('postmaster', {})), {
    verb: 'RCPT',
    forwardPath: 'postmaster',
    parameters: {},
    utf8: false,
  })
})

test('an initial response is heard as it was said, an empty one too', () => {
  for (const initialResponse of [undefined, Buffer.alloc(0), Buffer.from('\0tim\0secret')]) {
    const heard = parse(formatAuth('PLAIN', initialResponse)) as { initialResponse?: Buffer }
    assert.deepEqual(heard.initialResponse, initialResponse)
  }
})

test('whatever octets come, a command is read or refused, and nothing else is thrown', () => {
  const word = fc.constantFrom(
    'FROM:',
    'TO:',
    '<',
    '>',
    '@',
    'a',
    '"',
    '\\',
    '.',
    ' ',
    ',',
    ':',
    'SIZE=',
    'ORCPT=utf-8;',
    'NAME=',
    '\\x{',
    'D800',
    '}',
    '+',
    'FF',
    '=',
    '[',
    ']',
    'ü',
    '\u{1f600}',
  )
  const octets = fc.oneof(
    fc.array(word, { maxLength: 14 }).map((words) => Buffer.from(words.join(''))),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  )
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(PARSERS)), octets, (verb, rest) => {
      const split = splitVerb(Buffer.concat([Buffer.from(`${verb} `), rest]))
      try {
        PARSERS[verb as keyof typeof PARSERS](split.rest, ALL)
      } catch (error) {
        assert.ok(error instanceof ReplyError, String(error))
      }
    }),
    { numRuns: 1000 },
  )
})

test('a path is read as it was written', () => {
  for (const text of ['', 'a@example.com', '"a b"@example.com', 'a@[192.0.2.1]']) {
    const path = parseReversePath(text)
    assert.notEqual(path, null)
    assert.equal(formatPath(path ?? undefined), text)
  }
  assert.equal(formatPath(parseForwardPath('postmaster')!), 'Postmaster')
  for (const none of ['a', 'a@', '<a@example.com>', 'a@example.com\r\nRCPT TO:<x@y>']) {
    assert.equal(parseReversePath(none), null, none)
    assert.equal(parseForwardPath(none), null, none)
  }
})

test('an offer is read whatever its case, and lines that are none are passed over', () => {
  const offer = parseOffer([
    'mx.example greets you',
    'size 1000',
    'AUTH PLAIN LOGIN',
    'AUTH=OLD',
    '',
    '8bitmime',
    '!!',
    'X-Y z',
  ])
  assert.deepEqual(
    [...offer],
    [
      ['SIZE', '1000'],
      ['AUTH', 'PLAIN LOGIN'],
      ['8BITMIME', ''],
      ['X-Y', 'z'],
    ],
  )
})

/** Octets of which some make domains, and some make trouble. */
const argument = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'home.example',
        'a',
        '.',
        ',',
        ' ',
        ', ',
        '@',
        '#',
        '*',
        '%',
        "'",
        ';',
        '\u00fc',
        '\u3002',
        '\u00ad',
      ),
      fc.string({ maxLength: 4 }),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''))

/** What is read, or undefined where it is refused; every other error is a bug. */
function readOrRefuse(line: string): unknown {
  try {
    return parse(line)
  } catch (error) {
    assert.ok(error instanceof ReplyError, String(error))
    assert.equal(error.reply.code, 501)
    return undefined
  }
}

test('whatever stands behind ATRN is refused, or is domains in their one form, each once', () => {
  fc.assert(
    fc.property(argument, (text) => {
      const command = readOrRefuse(`ATRN ${text}`) as AtrnCommand | undefined
      if (command === undefined) return
      for (const domain of command.domains) assert.equal(parseDomain(domain), domain)
      assert.equal(new Set(command.domains).size, command.domains.length)
      assert.deepEqual(parse(formatAtrn(command.domains)), command)
    }),
    { numRuns: 2000 },
  )
})

test('whatever a customer calls his domains, ATRN is one line, and asks for no more than so many', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string(), argument), { minLength: 1, maxLength: 5 }), (names) => {
      const line = formatAtrn(names)
      assert.match(line, /^ATRN [!-~]*$/)
      const command = readOrRefuse(line) as AtrnCommand | undefined
      const real = names.map((name) => parseDomain(name))
      if (real.includes(undefined)) assert.equal(command, undefined, 'asks for something else')
      else assert.deepEqual(command?.domains, [...new Set(real)])
    }),
    { numRuns: 2000 },
  )
})

test('whatever stands behind ETRN is refused, or is one domain or one word', () => {
  fc.assert(
    fc.property(argument, (text) => {
      const command = readOrRefuse(`ETRN ${text}`) as EtrnCommand | undefined
      if (command === undefined) return
      const { kind, name } = command.node
      if (kind === 'queue') assert.match(name, /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)
      else assert.equal(parseDomain(name), name)
      assert.deepEqual(parse(formatEtrn(command)), command)
    }),
    { numRuns: 2000 },
  )
})
