import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { textOf } from '../octet-string.ts'
import type { IndexLimits } from './index-limits.ts'
import type { Envelope, MessageIndex, Part } from './message-index.ts'
import { MessageIndexer } from './message-indexer.ts'
import { partAt, sectionRange } from './section-range.ts'

const FIXTURES = new URL('../../fixtures/mime/', import.meta.url)

interface Fixture {
  readonly name: string
  readonly outline: string
  /** With the line ends asked for. */
  message(lineEnd: string): Buffer
}

const fixtures: readonly Fixture[] = readdirSync(FIXTURES).map((name) => {
  const [head, message] = readFileSync(new URL(name, FIXTURES), 'utf8').split('=====\n', 2) as [
    string,
    string,
  ]
  const outline = head.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return {
    name,
    outline: outline.join('\n'),
    message: (lineEnd) => Buffer.from(message.replaceAll('\n', lineEnd)),
  }
})

function indexOf(message: Buffer, limits: Partial<IndexLimits> = {}): MessageIndex {
  const indexer = new MessageIndexer(limits)
  indexer.write(message)
  return indexer.end()
}

/** The same, cut into chunks of the sizes given, over and over; each chunk's memory is spoilt after its use. */
function indexInChunks(
  message: Buffer,
  sizes: readonly number[],
  limits: Partial<IndexLimits> = {},
): MessageIndex {
  const indexer = new MessageIndexer(limits)
  for (let at = 0, i = 0; at < message.length; i++) {
    const chunk = Buffer.from(message.subarray(at, at + sizes[i % sizes.length]!))
    indexer.write(chunk)
    at += chunk.length
    chunk.fill('-')
  }
  return indexer.end()
}

/** The tree in words: numbers by which IMAP finds the parts, types, subjects and what the ranges hold. */
function outlineOf(index: MessageIndex, message: Buffer): string {
  const lines = [`${typeOf(index.root)}${subjectOf(index.envelope)}`]
  const children = index.root.parts ?? [index.root]
  for (let i = 1; i <= children.length; i++) lines.push(...partOutline(index, message, [i], index.envelope))
  return lines.join('\n')
}

function partOutline(
  index: MessageIndex,
  message: Buffer,
  path: readonly number[],
  outer?: Envelope,
): readonly string[] {
  const part = partAt(index, path)
  if (part === undefined) return []
  const { start, end } = sectionRange(index, path, 'body')!
  const body = JSON.stringify(message.toString('utf8', start, end).replaceAll('\r\n', '\n'))
  const subject = subjectOf(
    (path.length === 1 && index.root === part ? outer : undefined) ?? part.message?.envelope ?? {},
  )
  const isLeaf = part.parts === undefined && part.message === undefined
  const children = part.parts ?? part.message?.root.parts ?? [part.message?.root]
  const line = `${path.join('.')} ${typeOf(part)}${isLeaf ? ` ${body}` : subject}`
  if (isLeaf) return [line]
  return [line, ...children.flatMap((_, i) => partOutline(index, message, [...path, i + 1]))]
}

const typeOf = (part: Part): string => `${part.type}/${part.subtype}`
const subjectOf = ({ subject }: Envelope): string =>
  subject === undefined ? '' : ` ${JSON.stringify(subject)}`

test('no awkward message is taken apart wrongly', () => {
  assert.ok(fixtures.length > 20)
  for (const { name, outline, message } of fixtures) {
    const octets = message('\r\n')
    assert.equal(outlineOf(indexOf(octets), octets), outline, name)
  }
})

test('bare line feeds, as APPEND may bring them, hide no part', () => {
  for (const { name, outline, message } of fixtures) {
    const octets = message('\n')
    assert.equal(outlineOf(indexOf(octets), octets), outline, name)
  }
})

test('the index does not depend on how the message is cut', () => {
  for (const { name, message } of fixtures) {
    for (const lineEnd of ['\r\n', '\n']) {
      const octets = message(lineEnd)
      const whole = indexOf(octets)
      for (const size of [1, 2, 3, 7, 64])
        assert.deepEqual(indexInChunks(octets, [size]), whole, `${name} by ${size}`)
    }
  }
})

const LIMITS: Partial<IndexLimits> = { headerOctets: 90, allHeaderOctets: 250, depth: 3, parts: 6, fields: 3 }
const MIXED = 'Content-Type: multipart/mixed; boundary=a\r\n'
const DIGEST = 'Content-Type: multipart/digest;\r\n boundary="ab"\r\n'
const NESTED = 'Content-Type: message/rfc822\r\n'
const piece = fc.constantFrom(
  '\r\n',
  '\n',
  '\r',
  '\r\n\r\n',
  '--a',
  '--a--',
  '--ab',
  '--ab--',
  ' ',
  '\t',
  '\0',
  'text',
  'é',
  'Subject: x',
  'From: "J" <j@example.com>, g: a@b;',
  'x'.repeat(997),
  '\r\n--a\r\n',
  '\n--ab\r\n',
  '\r\n--ab--\r\n',
  MIXED,
  DIGEST,
  NESTED,
  MIXED + '\r\n--a\r\n',
  DIGEST + '\r\n--ab\r\n',
  NESTED + '\r\n',
)

test('no message, no cut and no limit makes two answers', () => {
  const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 40, size: 'max' }),
      cuts,
      fc.boolean(),
      (pieces, sizes, limited) => {
        const octets = Buffer.from(MIXED + pieces.join(''))
        const limits = limited ? LIMITS : {}
        const whole = indexOf(octets, limits)
        assert.deepEqual(indexInChunks(octets, sizes, limits), whole)
        assertSound(whole, octets)
      },
    ),
    { numRuns: 400 },
  )
})

/** What holds of every index. */
function assertSound(index: MessageIndex, octets: Buffer): void {
  assert.deepEqual(JSON.parse(JSON.stringify(index)), index)
  assert.equal(index.size, octets.length)
  assert.equal(index.headerLength, index.root.bodyStart)
  assert.equal(index.lines, lineFeeds(octets))
  assertPartSound(index.root, 0, octets.length, octets)
}

function assertPartSound(part: Part, start: number, end: number, octets: Buffer): void {
  assert.ok(start <= part.headerStart && part.headerStart <= part.bodyStart)
  assert.ok(part.bodyStart <= part.bodyEnd && part.bodyEnd <= end)
  assert.equal(part.size, part.bodyEnd - part.bodyStart)
  if (part.lines !== undefined)
    assert.equal(part.lines, lineFeeds(octets.subarray(part.bodyStart, part.bodyEnd)))
  assert.equal(part.lines !== undefined, part.type === 'text' || part.message !== undefined)
  assert.equal(part.parts !== undefined, part.type === 'multipart')
  let at = part.bodyStart
  for (const child of part.parts ?? (part.message ? [part.message.root] : [])) {
    assertPartSound(child, at, part.bodyEnd, octets)
    at = child.bodyEnd
  }
}

const lineFeeds = (octets: Buffer): number => octets.filter((octet) => octet === 0x0a).length

function nested(depth: number): Buffer {
  const open = Array.from(
    { length: depth },
    (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`,
  )
  return Buffer.from(`${open.join('')}\r\ninnermost`)
}

function depthOf(part: Part): number {
  const children = part.parts ?? (part.message ? [part.message.root] : [])
  return 1 + Math.max(0, ...children.map(depthOf))
}

test('nesting without end does not end in a stack overflow', () => {
  const index = indexOf(nested(5_000))
  assert.equal(depthOf(index.root), 101)
  const messages = indexOf(Buffer.from('Content-Type: message/rfc822\r\n\r\n'.repeat(5_000)))
  assert.equal(depthOf(messages.root), 101)
})

test('a part at the depth limit is an opaque leaf whose octets are still served', () => {
  const message = nested(3)
  const index = indexOf(message, { depth: 2 })
  const leaf = partAt(index, [1, 1])!
  assert.deepEqual([leaf.type, leaf.subtype, leaf.opaque], ['application', 'octet-stream', true])
  assert.equal(message.toString('latin1', leaf.bodyStart, leaf.bodyEnd), '--b2\r\n\r\ninnermost')
})

test('parts without number do not fill the memory: the last one goes on to the end of its multipart', () => {
  const parts = '--b\r\n\r\npart\r\n'.repeat(20_000)
  const message = Buffer.from(`Content-Type: multipart/mixed; boundary=b\r\n\r\n${parts}--b--\r\nepilogue`)
  const { root } = indexOf(message)
  assert.equal(root.parts!.length, 999)
  const last = root.parts!.at(-1)!
  assert.ok(message.toString('latin1', last.bodyStart, last.bodyEnd).startsWith('part\r\n--b\r\n\r\npart'))
  assert.ok(message.subarray(last.bodyEnd).toString().startsWith('\r\n--b--\r\nepilogue'))
})

test('many long headers are read only as far as all of them may cost', () => {
  const part = `--b\r\nContent-Type: text/html; x=${'y'.repeat(20_000)}\r\n\r\npart\r\n`
  const message = Buffer.from(`Content-Type: multipart/mixed; boundary=b\r\n\r\n${part.repeat(200)}--b--`)
  const index = indexOf(message)
  assert.equal(index.root.parts!.length, 200)
  assert.equal(index.root.parts!.filter(({ opaque }) => opaque).length > 100, true)
  assert.ok(JSON.stringify(index).length < 2 * 1024 * 1024)
  const last = index.root.parts!.at(-1)!
  assert.equal(message.toString('latin1', last.bodyStart, last.bodyEnd), 'part')
})

test('a header longer than its limit still ends where it ends, and its first fields count', () => {
  const message = Buffer.from(
    `Subject: short\r\nX: ${'y'.repeat(600_000)}\r\nTo: late@example.com\r\n\r\nbody\r\n`,
  )
  const index = indexOf(message)
  assert.equal(message.toString('latin1', index.headerLength), 'body\r\n')
  assert.deepEqual(index.envelope, { subject: 'short' })
  assert.deepEqual(indexInChunks(message, [10_007]), index)
})

test('a field that is cut by the limit is not mistaken for a shorter one', () => {
  const message = Buffer.from(`Subject: ${'y'.repeat(200)}\r\n\r\n`)
  assert.deepEqual(indexOf(message, { headerOctets: 100 }).envelope, {})
  assert.deepEqual(indexInChunks(message, [9], { headerOctets: 100 }).envelope, {})
})

test('a line without end costs no memory and no time', () => {
  const indexer = new MessageIndexer()
  indexer.write(Buffer.from('Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n--b'))
  const chunk = Buffer.alloc(65_536, ' ')
  for (let i = 0; i < 500; i++) indexer.write(chunk)
  indexer.write(Buffer.from('\r\n--b--'))
  const { root } = indexer.end()
  assert.equal(root.parts!.length, 1)
  assert.equal(root.parts![0]!.size, 3 + 500 * 65_536)
})

test('thousands of parameters and addresses are cut, not collected', () => {
  const parameters = Array.from({ length: 5_000 }, (_, i) => `; p${i}=v`).join('')
  const to = Array.from({ length: 9_000 }, (_, i) => `a${i}@b`).join(',')
  const index = indexOf(Buffer.from(`Content-Type: text/plain${parameters}\r\nTo: ${to}\r\n\r\n`))
  assert.equal(index.root.parameters.length, 100)
  assert.equal(index.envelope.to!.length, 5_000)
})

test('what the header says of a part reaches the index', () => {
  const header = [
    'Content-Type: Image/PNG; Name="a b.png"',
    'Content-Transfer-Encoding: BASE64 (of course)',
    'Content-ID: <1@example.com>',
    'Content-Description: a\r\n picture',
    "Content-Disposition: INLINE; filename*0*=utf-8''%e2%82; filename*1=.png",
    'Content-Language: de, en-GB (British)',
    'Content-Location: http://example.com/\r\n a.png',
    'Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==',
  ]
  const { root } = indexOf(Buffer.from(`${header.join('\r\n')}\r\n\r\nAAAA`))
  assert.deepEqual(root, {
    type: 'image',
    subtype: 'png',
    parameters: [['name', 'a b.png']],
    encoding: 'base64',
    headerStart: 0,
    bodyStart: 351,
    bodyEnd: 355,
    size: 4,
    id: '<1@example.com>',
    description: 'a picture',
    disposition: { type: 'inline', parameters: [['filename*', "utf-8''%e2%82.png"]] },
    language: ['de', 'en-GB'],
    location: 'http://example.com/a.png',
    md5: 'Q2hlY2sgSW50ZWdyaXR5IQ==',
  })
})

test('the envelope is that of RFC 3501 §7.4.2', () => {
  const header = [
    'Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)',
    'From: Terry Gray <gray@cac.washington.edu>',
    'Subject: IMAP4rev1 WG mtg summary\r\n and minutes',
    'To: imap@cac.washington.edu',
    'cc: minutes@CNRI.Reston.VA.US,\r\n\tJohn Klensin <KLENSIN@MIT.EDU>',
    'Message-Id: <B27397-0100000@cac.washington.edu>',
    'Reply-To:',
    'Bcc: hidden: a@b, "C, D" <@x,@y:c@d>;',
  ]
  const terry = [{ name: 'Terry Gray', mailbox: 'gray', host: 'cac.washington.edu' }]
  assert.deepEqual(indexOf(Buffer.from(`${header.join('\r\n')}\r\n\r\n`)).envelope, {
    date: 'Wed, 17 Jul 1996 02:23:25 -0700 (PDT)',
    subject: 'IMAP4rev1 WG mtg summary and minutes',
    from: terry,
    sender: terry,
    replyTo: terry,
    to: [{ mailbox: 'imap', host: 'cac.washington.edu' }],
    cc: [
      { mailbox: 'minutes', host: 'CNRI.Reston.VA.US' },
      { name: 'John Klensin', mailbox: 'KLENSIN', host: 'MIT.EDU' },
    ],
    bcc: [
      { mailbox: 'hidden' },
      { mailbox: 'a', host: 'b' },
      { name: 'C, D', route: '@x,@y', mailbox: 'c', host: 'd' },
      {},
    ],
    messageId: '<B27397-0100000@cac.washington.edu>',
  })
})

test('a second From is shown to everybody, a second Subject to nobody', () => {
  const { envelope } = indexOf(Buffer.from('From: a@b\r\nSubject: x\r\nFrom: c@d\r\nSubject: y\r\n\r\n'))
  assert.deepEqual(envelope.from, [
    { mailbox: 'a', host: 'b' },
    { mailbox: 'c', host: 'd' },
  ])
  assert.equal(envelope.subject, 'x')
})

test('octets of any charset survive JSON', () => {
  const octets = Buffer.concat([
    Buffer.from('Subject: '),
    Buffer.from([0xff, 0xe0, 0x80, 0xa0, 0x00, 0x41]),
    Buffer.from('\r\n\r\n'),
  ])
  const { envelope } = JSON.parse(JSON.stringify(indexOf(octets))) as MessageIndex
  assert.deepEqual([...Buffer.from(envelope.subject!, 'latin1')], [0xff, 0xe0, 0x80, 0xa0, 0x00, 0x41])
  const utf8 = indexOf(Buffer.from('Subject: voilà\r\n\r\n'))
  assert.equal(textOf(utf8.envelope.subject!), 'voilà')
})

test('a boundary longer than any mailer writes delimits nothing', () => {
  const partsFor = (length: number): number => {
    const boundary = 'b'.repeat(length)
    const message = `Content-Type: multipart/mixed; boundary=${boundary}\r\n\r\n--${boundary}\r\n\r\none\r\n--${boundary}--`
    return indexOf(Buffer.from(message)).root.parts?.length ?? 0
  }
  assert.deepEqual([70, 250, 251].map(partsFor), [1, 1, 0])
})

test('a chunk without octets changes nothing', () => {
  const message = Buffer.from('Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b--')
  const indexer = new MessageIndexer()
  for (const octet of message) {
    indexer.write(Buffer.from([octet]))
    indexer.write(Buffer.alloc(0))
  }
  assert.deepEqual(indexer.end(), indexOf(message))
})

test('an empty message has an index', () => {
  const index = indexOf(Buffer.alloc(0))
  assertSound(index, Buffer.alloc(0))
  assert.deepEqual([index.root.type, index.root.subtype, index.headerLength], ['text', 'plain', 0])
})
