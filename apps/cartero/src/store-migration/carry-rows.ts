import { OperatorError } from '@cartero/agent/lifecycle'
import type { Archive, ArchivedKind, ArchivedPortion, ArchivedRow, CopyLedger } from '@cartero/sql/archive'

import type { StoreName } from '../services-rules.ts'
import type { Carrying } from './carry-contents.ts'

/** All rows of a store, kind by kind. Goes on where it was; a portion that was written and not noted is written again, which changes nothing. */
export async function carryRows(carrying: Carrying, store: StoreName): Promise<void> {
  for (const kind of carrying.target.archives[store].kinds) await carryKind(carrying, store, kind)
  await carrying.target.archives[store].seal()
}

async function carryKind(carrying: Carrying, store: StoreName, kind: ArchivedKind): Promise<void> {
  const { ledger, watcher, look } = carrying
  const [source, target] = [carrying.source.archives[store], carrying.target.archives[store]]
  const work = `${store}.${kind.name}`
  const place = await ledger.place(work)
  if (place.isDone) return
  const about = await source.about(kind.name)
  let done = kind.isWhole ? 0 : place.done
  for await (const { rows, next } of portions(source, kind, kind.isWhole ? undefined : place.cursor)) {
    await look()
    if (rows.length > 0) await target.write(kind.name, await translated(rows, kind, ledger))
    done += rows.length
    await ledger.advance({ work, next, isDone: next === undefined, done })
    watcher.at({ phase: 'copying', work, done, about, octets: 0 })
  }
}

/** The next one is read while one is worked on. */
export async function* portions(
  archive: Archive,
  { name, portion }: ArchivedKind,
  from: ArchivedPortion['next'],
): AsyncGenerator<ArchivedPortion, void> {
  let reading: Promise<ArchivedPortion> | undefined = archive.read(name, portion, from)
  while (reading !== undefined) {
    const read: ArchivedPortion = await reading
    reading = read.next === undefined ? undefined : archive.read(name, portion, read.next)
    // Whoever is interrupted hears what interrupted him, and nothing of this.
    reading?.catch(() => undefined)
    yield read
  }
}

/** Rows with the names that contents have in the target. Throws for a content that was not moved. */
export async function translated(
  rows: readonly ArchivedRow[],
  { content }: ArchivedKind,
  ledger: CopyLedger,
): Promise<readonly ArchivedRow[]> {
  if (content === undefined) return rows
  const targets = await ledger.targets(rows.map((row) => String(row[content])))
  return rows.map((row, at) => row.with(content, targets[at] ?? missing(String(row[content]))))
}

function missing(id: string): never {
  throw new OperatorError(
    `content ${id} is referred to, and was not when contents were carried: the source was used meanwhile`,
    'end everything that uses the source, remove the target, and begin anew',
  )
}
