import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { textOf } from '../octet-string.ts'
import { parseAutoSubmitted } from './auto-submitted.ts'
import { parseContentDisposition } from './content-disposition.ts'
import { parseContentType } from './content-type.ts'
import { parameter, parameterText } from './parameters.ts'
import { parseReceived } from './received.ts'
import { parseReturnPath } from './return-path.ts'
import { unfold } from './unstructured.ts'

const corpus = readFileSync(new URL('../../fixtures/content-type.txt', import.meta.url), 'utf8')

test('no content type is misread', () => {
  const cases = corpus.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  assert.ok(cases.length > 20)
  for (const [value, expected] of cases.map((line) => line.split(' => ') as [string, string])) {
    const read = parseContentType(Buffer.from(value))
    const parameters = read?.parameters.map(([name, text]) => [name, textOf(text)] as const) ?? []
    const told = read && [`${read.type}/${read.subtype}`, Object.fromEntries(parameters)]
    assert.deepEqual(told, expected === '-' ? undefined : JSON.parse(expected), value)
  }
})

test('of two parameters the first counts, so that a scanner and a reader see one boundary', () => {
  const { parameters } = parseContentType(Buffer.from('multipart/mixed; boundary=a; boundary=b'))!
  assert.equal(parameter(parameters, 'boundary'), 'a')
})

test('a continuation in a thousand pieces explodes nothing', () => {
  const pieces = Array.from({ length: 5_000 }, (_, i) => `; n*${i}*=%41`).join('')
  const { parameters } = parseContentType(Buffer.from(`a/b${pieces}`))!
  assert.equal(parameters.length, 1)
  assert.equal(parameters[0]![1].length, 100 * 3)
})

test('a parameter that fills the header takes no time', { timeout: 5_000 }, () => {
  for (const piece of [';', '"', '\\', '(', '=', 'a=', ';a=', ';a*0*=', '*', ' ', ';a="']) {
    parseContentType(Buffer.from(`a/b; ${piece.repeat(262_144 / piece.length)}`))
  }
})

test('a file name is told as it was meant', () => {
  const name = (value: string): string | undefined =>
    parameterText(parseContentDisposition(Buffer.from(`attachment; ${value}`))!.parameters, 'filename')
  assert.equal(name('filename=plain.txt'), 'plain.txt')
  assert.equal(name(`filename="old.txt"; filename*=UTF-8''%e2%82%ac%20rates.txt`), '€ rates.txt')
  assert.equal(name(`filename*0*=iso-8859-1'de'gr%FC; filename*1*=%DFe; filename*2=".txt"`), 'grüße.txt')
  assert.equal(name('filename="=?utf-8?B?w6kudHh0?="'), 'é.txt')
  assert.equal(name('filename="grüße.txt"'), 'grüße.txt')
  assert.equal(name(`filename*=x-nonsense''%41%zz`), 'A%zz')
  assert.equal(name('filename*=%41'), 'A')
  assert.equal(name('size=1'), undefined)
})

test('a disposition without type is none', () => {
  assert.equal(parseContentDisposition(Buffer.from('; filename=x')), undefined)
  assert.equal(parseContentDisposition(Buffer.from(' Attachment '))!.type, 'attachment')
})

test('a Received field is understood in any wording', () => {
  const value =
    ' from mail.example.com (mail.example.com [192.0.2.1] (may be forged))\r\n\tby mx.example.org (8.17/8.17) via TCP' +
    ' with ESMTPS\r\n\tid 01JD8Z for <ann@example.org>; Fri, 21 Nov 1997 09:55:06 -0600 (CST)\r\n'
  assert.deepEqual(parseReceived(Buffer.from(value)), {
    from: 'mail.example.com',
    fromComment: 'mail.example.com [192.0.2.1] (may be forged)',
    by: 'mx.example.org',
    via: 'TCP',
    with: 'ESMTPS',
    id: '01JD8Z',
    for: '<ann@example.org>',
    at: { epochMs: 880_127_706_000, offsetMinutes: -360 },
  })
  assert.deepEqual(parseReceived(Buffer.from(' (qmail 123 invoked by uid 7); 21 Nov 1997 09:55:06 -0600')), {
    at: { epochMs: 880_127_706_000, offsetMinutes: -360 },
  })
  assert.deepEqual(parseReceived(Buffer.from('by x; yesterday')), { by: 'x' })
  assert.deepEqual(parseReceived(Buffer.from('from from by')), { from: 'from' })
  assert.deepEqual(parseReceived(Buffer.from('')), {})
})

test('the null return path is told from one that cannot be read', () => {
  const read = (value: string): string | undefined => parseReturnPath(Buffer.from(value))
  assert.equal(read(' <>\r\n'), '')
  assert.equal(read('< (nobody) >'), '')
  assert.equal(read('<joe@example.com>'), 'joe@example.com')
  assert.equal(read('<"joe doe"@example.com>'), '"joe doe"@example.com')
  assert.equal(read('joe@example.com'), 'joe@example.com')
  assert.equal(read('<joe>'), undefined)
  assert.equal(read(''), undefined)
})

test('automatic mail is recognised whatever else the field says', () => {
  const read = (value: string): string | undefined => parseAutoSubmitted(Buffer.from(value))
  assert.equal(read(' Auto-Replied; owner-email="me@example.com"'), 'auto-replied')
  assert.equal(read('no'), 'no')
  assert.equal(read('(really) auto-generated (cron)'), 'auto-generated')
  assert.equal(read(' '), undefined)
})

test('unfolding takes line ends and nothing else', () => {
  assert.equal(unfold(Buffer.from(' a\r\n  b\n\tc\r\n \r\n')), 'a  b\tc')
  assert.equal(unfold(Buffer.from('a\rb\0')), 'a\rb\0')
  assert.equal(textOf(unfold(Buffer.from(' voilà\r\n'))), 'voilà')
  assert.equal(unfold(Buffer.from(' \r\n ')), '')
})
