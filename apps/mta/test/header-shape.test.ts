// Headers that are too much, and headers of which readers see different things.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_HEADER_SHAPE } from '@cartero/spool/reception'
import { MxStage, send } from './mx-stage.ts'

const header = { ...DEFAULT_HEADER_SHAPE, octets: 4_000, lines: 60, fields: 40, hops: 25 }

test('a header at its limits is taken, and one more of anything is not', async () => {
  await using stage = await MxStage.open({ header })
  using client = await stage.client()
  const refused = /^552 5\.3\.4/
  for (const [name, at, beyond, expected] of [
    ['fields', 'A: b\r\n'.repeat(40), 'A: b\r\n'.repeat(41), refused],
    ['lines', `A: b\r\n${' c\r\n'.repeat(59)}`, `A: b\r\n${' c\r\n'.repeat(60)}`, refused],
    ['octets', `A: ${'b'.repeat(900)}\r\n`.repeat(4), `A: ${'b'.repeat(900)}\r\n`.repeat(5), refused],
    ['hops', 'Received: x\r\n'.repeat(24), 'Received: x\r\n'.repeat(25), /^554 5\.4\.6/],
  ] as const) {
    assert.match(await send(client, `${at}\r\nx`), /^250/, name)
    await stage.kept()
    assert.match(await send(client, `${beyond}\r\nx`), expected, name)
  }
  assert.equal(stage.waiting, 0)
})

test('a header that ends at a line that is no field is refused, for readers differ about it', async () => {
  await using stage = await MxStage.open()
  using client = await stage.client()
  for (const broken of [
    'Subject: x\r\nthis is no field\r\nFrom: boss@cartero.test\r\n\r\nx',
    'Subject: x\r\n: nothing\r\n\r\nx',
    'Subject: x\r\nno colon at all',
  ])
    assert.match(await send(client, broken), /^554 5\.6\.0/, broken)
  assert.equal(stage.waiting, 0)
})

test('a smuggled empty line or a stray CR ends no header', async () => {
  await using stage = await MxStage.open()
  using client = await stage.client()
  for (const smuggled of [
    'Subject: x\r\r\nX: y\r\n\r\nx',
    'Subject: x\r\n\r\r\nX: y\r\n\r\nx',
    'Subject: x\n\nX: y\r\n\r\nx',
    'Subject: x\r\n\nX: y\r\n\r\nx',
    'Subject: x\rX: y\r\n\r\nx',
  ])
    assert.match(await send(client, smuggled), /^550 5\.6\.0/, JSON.stringify(smuggled))
  assert.equal(stage.waiting, 0)
})

test('bare newlines are cleaned where the operator wants it, and the header ends where it does for everybody', async () => {
  await using stage = await MxStage.open({}, { door: { bareNewlines: 'clean' } })
  using client = await stage.client()
  assert.match(await send(client, 'Subject: x\n\nX: y\r\n\r\nx'), /^250/)
  assert.equal((await stage.kept()).octets, 'Subject: x\r\n\r\nX: y\r\n\r\nx\r\n')
})

test('where broken headers are accepted, what is added stays in front of what readers differ about', async () => {
  await using stage = await MxStage.open({ header: { ...DEFAULT_HEADER_SHAPE, broken: 'accept' } })
  using client = await stage.client()
  assert.match(await send(client, 'Subject: x\r\nno field\r\n\r\nx'), /^250/)
  const { prefix, octets } = await stage.kept()
  assert.match(prefix, /^Received: [^]*\r\n$/)
  assert.equal(octets, 'Subject: x\r\nno field\r\n\r\nx\r\n')
})
