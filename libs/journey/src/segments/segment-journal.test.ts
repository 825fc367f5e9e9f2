import assert from 'node:assert/strict'
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { ManualClock } from '@cartero/wire'

import { describeJournal } from '../compliance/index.ts'
import type { JourneyEvent } from '../index.ts'
import { openJournalReader, SegmentJournal, type OpenFile, type SegmentJournalOptions } from './index.ts'
import { BATCH_EVENTS, MOST_EVENT_OCTETS, MOST_HELD_EVENTS, RETENTION_EVERY, WRITE_EVERY } from './limits.ts'

const DAY = 86_400_000
const signal = AbortSignal.timeout(60_000)
let directory: string
let clock: ManualClock
const journals: SegmentJournal[] = []

beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'journey-')), 'journal')
  clock = new ManualClock()
})
afterEach(async () => {
  for (const journal of journals.splice(0)) await journal.close()
  rmSync(join(directory, '..'), { recursive: true, force: true })
})

describeJournal('segments', async () => make())
describeJournal('segments of two lines', async () => make({ segmentOctets: 300 }))

function make(options: Partial<SegmentJournalOptions> = {}): SegmentJournal {
  const journal = new SegmentJournal({ directory, clock, keepFor: 14 * DAY, ...options })
  journals.push(journal)
  return journal
}

function received(qid: string, fields: object = {}): JourneyEvent {
  return { at: clock.now(), event: 'message.received', agent: 'mta', fields: { qid, ...fields } }
}

async function found(journal: Pick<SegmentJournal, 'find'>, key: string): Promise<unknown[]> {
  return (await journal.find({ key, limit: 100_000 }, signal)).map(({ fields }) => fields['qid'])
}

/** Tells events one by one, each written, so that segments fill. */
async function fill(journal: SegmentJournal, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) {
    journal.tell(received(`Q${i}`, { to: 'all@example.org' }))
    await found(journal, '-')
  }
}

function files(extension: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith(extension))
    .toSorted()
}

describe('written', () => {
  test('in one go after a moment, not event by event', async () => {
    let writes = 0
    const journal = make({ open: counting(() => writes++) })
    await journal.open()
    for (let i = 0; i < BATCH_EVENTS - 1; i++) journal.tell(received(`Q${i}`))
    assert.equal(writes, 0)
    clock.advance(WRITE_EVERY)
    await journal.close()
    assert.equal(writes, 1)
  })

  test('before the moment is over when there is much', async () => {
    const written = Promise.withResolvers<void>()
    const journal = make({ open: counting(() => written.resolve()) })
    await journal.open()
    for (let i = 0; i < BATCH_EVENTS; i++) journal.tell(received(`Q${i}`))
    await written.promise
  })

  test('for the owner alone: who writes to whom is private', async () => {
    const journal = make()
    await fill(journal, 0, 1)
    await journal.close()
    assert.equal(statSync(directory).mode & 0o777, 0o700)
    for (const name of readdirSync(directory))
      assert.equal(statSync(join(directory, name)).mode & 0o777, 0o600)
  })

  test('as lines of JSON that other tools can read', async () => {
    const journal = make()
    journal.tell(received('Q1'))
    await journal.close()
    const lines = readFileSync(join(directory, files('.jsonl')[0]!), 'utf8').split('\n')
    assert.deepEqual(JSON.parse(lines[0]!), received('Q1'))
    assert.equal(lines[1], '')
  })
})

describe('after a restart', () => {
  test('everything is found again, and what comes then', async () => {
    const first = make({ segmentOctets: 1_000 })
    await fill(first, 0, 30)
    await first.close()
    const second = make({ segmentOctets: 1_000 })
    await fill(second, 30, 40)
    assert.equal((await found(second, 'all@example.org')).length, 40)
    assert.deepEqual(await found(second, 'Q29'), ['Q29'])
  })

  test('a small segment is written on, so that many restarts do not leave many files', async () => {
    for (let i = 0; i < 10; i++) {
      const journal = make()
      await fill(journal, i, i + 1)
      await journal.close()
    }
    assert.deepEqual(files('.jsonl'), ['00000001.jsonl'])
    assert.equal((await found(make(), 'all@example.org')).length, 10)
  })

  test('a torn last line is cut off, and the next event is whole', async () => {
    const first = make()
    await fill(first, 0, 3)
    await first.close()
    appendFileSync(join(directory, '00000001.jsonl'), '{"at":1,"event":"message.rec')
    const second = make()
    await fill(second, 3, 4)
    assert.deepEqual(await found(second, 'all@example.org'), ['Q0', 'Q1', 'Q2', 'Q3'])
    await second.close()
    const lines = readFileSync(join(directory, '00000001.jsonl'), 'utf8').trimEnd().split('\n')
    for (const line of lines) JSON.parse(line)
    assert.equal(lines.length, 4)
  })

  test('a last line that a disk has made very long is cut off as a whole', async () => {
    const first = make()
    await fill(first, 0, 3)
    await first.close()
    appendFileSync(join(directory, '00000001.jsonl'), Buffer.alloc(3 * MOST_EVENT_OCTETS))
    const second = make()
    await fill(second, 3, 4)
    assert.deepEqual(await found(second, 'all@example.org'), ['Q0', 'Q1', 'Q2', 'Q3'])
  })

  test('a first line that was torn leaves an empty segment', async () => {
    const first = make()
    await first.open()
    writeFileSync(join(directory, '00000001.jsonl'), '{"at":1,"ev')
    const second = make()
    await fill(second, 0, 1)
    assert.deepEqual(await found(second, 'Q0'), ['Q0'])
  })

  test('a line in the middle that a disk has spoilt takes no other with it', async () => {
    const first = make()
    await fill(first, 0, 3)
    await first.close()
    const path = join(directory, '00000001.jsonl')
    const octets = readFileSync(path)
    octets.fill(0, octets.indexOf('Q1') - 20, octets.indexOf('Q1') + 5)
    writeFileSync(path, octets)
    assert.deepEqual(await found(make(), 'all@example.org'), ['Q0', 'Q2'])
    assert.deepEqual(await found(make(), 'Q2'), ['Q2'])
  })

  for (const [how, spoil] of [
    ['missing', (path: string) => rmSync(path)],
    ['empty', (path: string) => writeFileSync(path, '')],
    ['cut short', (path: string) => writeFileSync(path, readFileSync(path).subarray(0, -4))],
    ['changed in its header', (path: string) => flip(path, 20)],
    ['changed in its entries', (path: string) => flip(path, -3)],
  ] as const) {
    test(`an index that is ${how} is made again`, async () => {
      const first = make({ segmentOctets: 1_000 })
      await fill(first, 0, 30)
      await first.close()
      const indexes = files('.index')
      assert.ok(indexes.length > 3)
      for (const name of indexes) spoil(join(directory, name))
      const second = make({ segmentOctets: 1_000 })
      assert.equal((await found(second, 'all@example.org')).length, 30)
      await second.close()
      assert.deepEqual(files('.index'), indexes)
      assert.deepEqual(await found(await openJournalReader({ directory, clock }), 'Q3'), ['Q3'])
    })
  }

  test('an index that is taken away while it is in use is made again', async () => {
    const journal = make({ segmentOctets: 1_000 })
    await fill(journal, 0, 30)
    for (const name of files('.index')) rmSync(join(directory, name))
    assert.equal((await found(journal, 'all@example.org')).length, 30)
  })

  test('a folder of other files is not disturbed by them', async () => {
    const first = make()
    await fill(first, 0, 1)
    await first.close()
    writeFileSync(join(directory, 'notes.txt'), 'mine')
    const second = make()
    await fill(second, 1, 2)
    assert.equal((await found(second, 'all@example.org')).length, 2)
    assert.equal(readFileSync(join(directory, 'notes.txt'), 'utf8'), 'mine')
  })
})

describe('a system that does not run', () => {
  test('is looked into without being changed, torn line and missing index included', async () => {
    const first = make({ segmentOctets: 1_000 })
    await fill(first, 0, 30)
    await first.close()
    rmSync(join(directory, files('.index')[0]!))
    appendFileSync(join(directory, files('.jsonl').at(-1)!), '{"at":1')
    const before = readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), 'latin1')])
    const reader = await openJournalReader({ directory, clock })
    assert.equal((await found(reader, 'all@example.org')).length, 30)
    const after = readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), 'latin1')])
    assert.deepEqual(after, before)
  })

  test('that has never run knows nothing, and no folder is made', async () => {
    assert.deepEqual(await found(await openJournalReader({ directory, clock }), 'x'), [])
    assert.throws(() => statSync(directory), /ENOENT/)
  })
})

describe('kept', () => {
  test('as much as was said: the oldest segments go, with their indexes', async () => {
    const journal = make({ segmentOctets: 1_000, keepOctets: 5_000 })
    await fill(journal, 0, 100)
    const qids = await found(journal, 'all@example.org')
    assert.ok(qids.length > 10 && qids.length < 60, `${qids.length}`)
    assert.equal(qids.at(-1), 'Q99')
    assert.deepEqual(await found(journal, 'Q0'), [])
    const octets = readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0)
    assert.ok(octets <= 6_500, `${octets}`)
    await journal.close()
    assert.equal(files('.jsonl').length, files('.index').length)
  })

  test('as long as was said: what is older is told no more at once, and is gone within a day', async () => {
    const journal = make({ keepFor: 2 * DAY })
    await fill(journal, 0, 1)
    clock.advance(DAY)
    await fill(journal, 1, 2)
    clock.advance(DAY + 1)
    assert.deepEqual(await found(journal, 'all@example.org'), ['Q1'])
    assert.deepEqual(
      await found(await openJournalReader({ directory, clock, keepFor: 2 * DAY }), 'all@example.org'),
      ['Q1'],
    )
    clock.advance(DAY)
    await found(journal, '-')
    for (const name of files('.jsonl'))
      assert.ok(!readFileSync(join(directory, name), 'utf8').includes('"Q0"'))
  })

  test('no longer on a system where nothing happens any more', async () => {
    const journal = make({ keepFor: 2 * DAY })
    await fill(journal, 0, 1)
    for (let hour = 0; hour < 3 * 24 + 2; hour++) {
      clock.advance(RETENTION_EVERY)
      await found(journal, '-')
    }
    assert.deepEqual(files('.jsonl'), [])
  })

  test('no longer across restarts', async () => {
    const first = make({ keepFor: 2 * DAY })
    await fill(first, 0, 1)
    await first.close()
    clock.advance(4 * DAY)
    await make({ keepFor: 2 * DAY }).open()
    assert.deepEqual(files('.jsonl'), [])
  })
})

describe('a disk', () => {
  test('that is full loses events and counts them, and troubles nobody; later ones are kept', async () => {
    let room = 1_000
    const troubles: unknown[] = []
    const journal = make({ open: full(() => room), trouble: (error) => troubles.push(error) })
    for (let i = 0; i < 5; i++) journal.tell(received(`A${i}`, { to: 'all@example.org' }))
    await found(journal, '-')
    for (let i = 0; i < 50; i++) journal.tell(received(`B${i}`, { to: 'all@example.org' }))
    await found(journal, '-')
    journal.tell(received('C', { to: 'a very long address '.repeat(50) }))
    assert.deepEqual(await found(journal, 'all@example.org'), ['A0', 'A1', 'A2', 'A3', 'A4'])
    assert.equal(journal.dropped, 51)
    assert.equal(journal.isTroubled, true)
    assert.equal(troubles.length, 1)
    room = 100_000
    journal.tell(received('D', { to: 'all@example.org' }))
    assert.deepEqual(await found(journal, 'all@example.org'), ['A0', 'A1', 'A2', 'A3', 'A4', 'D'])
    assert.equal(journal.isTroubled, false)
    await journal.close()
    assert.equal((await found(await openJournalReader({ directory, clock }), 'all@example.org')).length, 6)
  })

  test('that refuses a new file loses events and counts them', async () => {
    let isFull = true
    const journal = make({
      open: (...args) => (isFull ? Promise.reject(noSpace()) : open(...args)),
    })
    journal.tell(received('A'))
    assert.deepEqual(await found(journal, 'A'), [])
    assert.equal(journal.dropped, 1)
    isFull = false
    journal.tell(received('B'))
    assert.deepEqual(await found(journal, 'B'), ['B'])
  })

  test('that has a file in the place of the folder is no trouble for mail', async () => {
    writeFileSync(directory, '')
    const troubles: unknown[] = []
    const journal = make({ trouble: (error) => troubles.push(error) })
    await journal.open()
    journal.tell(received('A'))
    assert.deepEqual(await found(journal, 'A'), [])
    await journal.close()
    assert.equal(journal.dropped, 1)
    assert.equal(troubles.length, 1)
  })

  test('is not asked to keep an event that is too large, and the others are kept', async () => {
    const journal = make()
    journal.tell(received('A'))
    journal.tell(received('B', { to: Array.from({ length: 20_000 }, (_, i) => `user${i}@example.org`) }))
    journal.tell(received('C', { to: Array.from({ length: 2_000 }, (_, i) => `user${i}@example.org`) }))
    assert.deepEqual(await found(journal, 'user1999@example.org'), ['C'])
    assert.deepEqual(await found(journal, 'A'), ['A'])
    assert.equal(journal.dropped, 1)
  })

  test('that hangs does not make memory grow without bounds', async () => {
    const hung = Promise.withResolvers<void>()
    const journal = make({ open: counting(() => hung.promise) })
    await journal.open()
    const told = MOST_HELD_EVENTS * 3
    for (let i = 0; i < told; i++) {
      journal.tell(received('Q'))
      if (i % BATCH_EVENTS === 0) await new Promise(setImmediate)
    }
    assert.ok(journal.dropped >= MOST_HELD_EVENTS - BATCH_EVENTS, `${journal.dropped}`)
    hung.resolve()
    await found(journal, '-')
    assert.equal((await found(journal, 'Q')).length + journal.dropped, told)
  })
})

/** Files whose writes are told, or wait. */
function counting(write: () => unknown): OpenFile {
  return async (...args) => {
    const file = await open(...args)
    return {
      write: async (...octets: [NodeJS.ArrayBufferView]) => {
        await write()
        return file.write(...octets)
      },
      truncate: (length) => file.truncate(length),
      close: () => file.close(),
    } as Awaited<ReturnType<OpenFile>>
  }
}

/** Files that take so many octets, and of a write that goes beyond them a part. */
function full(room: () => number): OpenFile {
  return async (...args) => {
    const file = await open(...args)
    return {
      write: async (octets: Buffer, at: number, length: number, position: number) => {
        const fitting = Math.min(length, room() - position)
        if (fitting <= 0) throw noSpace()
        return file.write(octets, at, fitting, position)
      },
      truncate: (length) => file.truncate(length),
      close: () => file.close(),
    } as Awaited<ReturnType<OpenFile>>
  }
}

function noSpace(): Error {
  return Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
}

function flip(path: string, at: number): void {
  const octets = readFileSync(path)
  const place = at < 0 ? octets.length + at : at
  octets[place] = octets[place]! ^ 0x55
  writeFileSync(path, octets)
}
