import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { CommandScanner } from './command-scanner.ts'
import { PARSERS, splitVerb, type SmtpCommand, type Verb } from './command.ts'
import { EXTENSIONS, type Extension } from './extensions.ts'
import { scanParameters } from './parameters/list.ts'
import { MAIL_PARAMETERS } from './parameters/mail-parameters.ts'
import { RCPT_PARAMETERS } from './parameters/rcpt-parameters.ts'
import type { ParameterRow } from './parameters/row.ts'
import { formatPath, scanForwardPath, scanReversePath } from './path.ts'
import { ReplyError } from './reply-error.ts'
import { formatAtrn } from './verb/atrn.ts'
import { formatAuth } from './verb/auth.ts'
import { formatBdat } from './verb/bdat.ts'
import { formatEtrn } from './verb/etrn.ts'
import { formatGreeting } from './verb/greeting.ts'
import { formatLookUp } from './verb/look-up.ts'
import { formatMail } from './verb/mail.ts'
import { formatProxied } from './verb/proxied.ts'
import { formatRcpt } from './verb/rcpt.ts'

const ALL = new Set(Object.keys(EXTENSIONS) as Extension[])
const FIXTURES = new URL('../fixtures/', import.meta.url)

/** Lines of a corpus without comments, cut at `=>`. See fixtures/README.md. */
function corpus(name: string): readonly (readonly [given: string, expected: string])[] {
  const text = readFileSync(new URL(`${name}.txt`, FIXTURES), 'utf8')
  return text
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) =>
      line.replaceAll(/\{(\d+)\*([^}]*)\}/g, (_, times, what: string) => what.repeat(Number(times))),
    )
    .map((line) => {
      const arrow = / *=>(?: |$)/.exec(line)
      if (arrow === null) return [line, line] as const
      return [line.slice(0, arrow.index), line.slice(arrow.index + arrow[0].length)] as const
    })
}

/** So that names of tests stay readable. */
const short = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text || '(nothing)')

const PATHS = [
  ['reverse-path', scanReversePath],
  ['forward-path', scanForwardPath],
] as const

for (const [name, scan] of PATHS) {
  suite(`${name}: what is one is read, and no more than it`, () => {
    for (const [given, expected] of corpus(`${name}.valid`)) {
      test(short(given), () => {
        const scanner = new CommandScanner(Buffer.from(given))
        const path = scan(scanner)
        assert.notEqual(path, null, 'not read')
        const rest = scanner.rest().toString()
        assert.equal(formatPath(path!) + (rest === '' ? '' : ` |${rest}`), expected)
      })
    }
  })

  suite(`${name}: what is none is not read`, () => {
    for (const [given] of corpus(`${name}.invalid`)) {
      test(short(given), () => {
        const scanner = new CommandScanner(Buffer.from(given))
        assert.equal(scan(scanner), null)
      })
    }
  })
}

/** The command as a client would have said it, without its verb. */
function written(command: SmtpCommand): string {
  switch (command.verb) {
    case 'MAIL':
      return formatMail(command.reversePath, command.parameters)
    case 'RCPT':
      return formatRcpt(command.forwardPath, command.parameters)
    case 'EHLO':
      return formatGreeting('EHLO', command.name)
    case 'AUTH':
      return formatAuth(command.mechanism, command.initialResponse)
    case 'BDAT':
      return formatBdat(command.octets, command.last)
    case 'VRFY':
    case 'EXPN':
      return formatLookUp(command)
    case 'ETRN':
      return formatEtrn(command)
    case 'ATRN':
      return formatAtrn(command.domains)
    case 'XCLIENT':
    case 'XFORWARD':
      return formatProxied(command)
    default:
      throw new Error(`${command.verb} is not written`)
  }
}

const COMMANDS = [
  'MAIL',
  'RCPT',
  'EHLO',
  'AUTH',
  'BDAT',
  'VRFY',
  'EXPN',
  'ETRN',
  'ATRN',
  'XCLIENT',
  'XFORWARD',
] as const

for (const verb of COMMANDS) {
  suite(`${verb}: what is grammar is read to its end, and says the same when it is written`, () => {
    for (const [given, canonical] of corpus(`${verb.toLowerCase()}.valid`)) {
      test(short(given), () => {
        const { rest } = splitVerb(Buffer.from(`${verb} ${given}`))
        const command = PARSERS[verb](rest, ALL)
        if (!('text' in command)) assert.equal(rest.rest().toString(), '', 'something is left')
        assert.equal(written(command), `${verb} ${canonical}`)
        const again = splitVerb(Buffer.from(written(command)))
        assert.deepEqual(PARSERS[verb](again.rest, ALL), command, 'the canonical form means something else')
      })
    }
  })

  suite(`${verb}: what is none is refused by its reason`, () => {
    for (const [given, codes] of corpus(`${verb.toLowerCase()}.invalid`)) {
      test(short(given), () => refused(codes, () => parse(verb, given)))
    }
  })
}

function parse(verb: Verb, given: string): SmtpCommand {
  return PARSERS[verb](splitVerb(Buffer.from(`${verb} ${given}`)).rest, ALL)
}

function refused(codes: string, run: () => unknown): void {
  assert.throws(run, (error) => {
    assert.ok(error instanceof ReplyError, String(error))
    assert.equal(`${error.reply.code} ${error.reply.status}`, codes)
    return true
  })
}

function parameterSuites<Parameters extends object>(rows: readonly ParameterRow<Parameters>[]): void {
  for (const row of rows) {
    const name = `parameter/${row.keyword.toLowerCase()}`
    const read = (value: string): Parameters =>
      scanParameters(new CommandScanner(Buffer.from(` ${row.keyword}=${value}`)), [row], ALL)
    if (row.parse(undefined, ALL) !== undefined) {
      test(`${row.keyword} has no value`, () => {
        assert.equal(row.format(row.parse(undefined, ALL)!), row.keyword)
        refused('501 5.5.4', () => read('x'))
        refused('501 5.5.4', () => read(''))
      })
      continue
    }
    suite(`${row.keyword}: what is a value is read, and means the same when it is written`, () => {
      for (const [given, canonical] of corpus(`${name}.valid`)) {
        test(short(given), () => {
          const parameters = read(given)
          assert.equal(row.format(parameters), `${row.keyword}=${canonical}`)
          assert.deepEqual(read(canonical), parameters, 'the canonical form means something else')
        })
      }
    })
    suite(`${row.keyword}: what is none is refused`, () => {
      for (const [given] of corpus(`${name}.invalid`))
        test(short(given), () => refused('501 5.5.4', () => read(given)))
      test('no value', () => refused('501 5.5.4', () => read('')))
      test('no equals sign', () => assert.equal(row.parse(undefined, ALL), undefined))
    })
  }
}

parameterSuites(MAIL_PARAMETERS)
parameterSuites(RCPT_PARAMETERS)

test('no corpus is forgotten', () => {
  const names = [...readdirSync(FIXTURES), ...readdirSync(new URL('parameter/', FIXTURES))]
  const known = [
    ...PATHS.map(([name]) => name),
    ...COMMANDS.map((verb) => verb.toLowerCase()),
    ...[...MAIL_PARAMETERS, ...RCPT_PARAMETERS].map(({ keyword }) => keyword.toLowerCase()),
  ]
  for (const name of names.filter((each) => each.endsWith('.txt')))
    assert.ok(known.includes(name.replace(/\.(?:in)?valid\.txt$/, '')), name)
})
