import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseMailbox, type Mailbox } from '@cartero/syntax'
import { PARSERS, splitVerb } from './command.ts'
import type { Extension } from './extensions.ts'
import { EXTENSIONS, parseOffer } from './extensions.ts'
import type { MailParameters } from './parameters/mail-parameters.ts'
import { formatPath, parseForwardPath, parseReversePath } from './path.ts'
import { ReplyError } from './reply-error.ts'
import { formatAuth } from './verb/auth.ts'
import { formatMail, type MailCommand } from './verb/mail.ts'
import { formatRcpt } from './verb/rcpt.ts'

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

test('what a client says of a sender is what a server hears', () => {
  const parameters: fc.Arbitrary<MailParameters> = fc.record(
    {
      size: fc.nat(),
      body: fc.constantFrom('7BIT', '8BITMIME'),
      smtpUtf8: fc.constant(true as const),
      auth: fc.oneof(mailbox, fc.constant('<>' as const)),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(fc.option(mailbox, { nil: undefined }), parameters, (reversePath, given) => {
      const heard = parse(formatMail(reversePath, given)) as MailCommand
      assert.deepEqual(heard.reversePath, reversePath)
      assert.deepEqual({ ...heard.parameters }, { ...given })
    }),
    { numRuns: 200 },
  )
})

test('what a client says of a recipient is what a server hears', () => {
  fc.assert(
    fc.property(mailbox, (forwardPath) => {
      assert.deepEqual(parse(formatRcpt(forwardPath, {})), {
        verb: 'RCPT',
        forwardPath,
        parameters: {},
        utf8: false,
      })
    }),
    { numRuns: 100 },
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
