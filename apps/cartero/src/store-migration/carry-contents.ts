import { createHash } from 'node:crypto'

import type { ContentId, ContentStore } from '@cartero/content'
import type { CopyLedger, Moved } from '@cartero/sql/archive'

import { OWNERS, type Side } from './side.ts'
import type { Watcher } from './tally.ts'

/** Contents in one portion: after so many it is noted what became of them. */
const PORTION = 1_000
/** Contents on their way at once: they share packs, or syncs; each holds a piece in memory. */
const AT_ONCE = 64

export interface Carrying {
  readonly source: Side
  readonly target: Side
  readonly ledger: CopyLedger
  readonly watcher: Watcher
  /** Throws when somebody else has come. */
  readonly look: () => Promise<void>
}

/**
 * All contents that a store of the source refers to, each once. What was written and not noted when a process died is written again, and
 * reclaimed one day. Nobody reclaims meanwhile: both sides are ours alone.
 */
export async function carryContents({ source, target, ledger, watcher, look }: Carrying): Promise<void> {
  let octets = 0
  for (const owner of OWNERS) {
    const archive = source.archives[owner]
    const work = `${owner}.content`
    let { cursor, isDone, done } = await ledger.place(work)
    const about = isDone ? 0 : await archive.about(owner === 'mailstore' ? 'record' : 'message')
    while (!isDone) {
      await look()
      const ids = (await archive.contents?.(PORTION, String(cursor?.[0] ?? ''))) ?? []
      const known = await ledger.targets(ids)
      const fresh = ids.filter((_, at) => known[at] === undefined)
      const moved = await moveAll(fresh as ContentId[], source.content, target.content)
      octets += moved.reduce((sum, { size }) => sum + size, 0)
      done += ids.length
      isDone = ids.length < PORTION
      cursor = isDone ? undefined : [ids.at(-1)!]
      await ledger.advance({ work, next: cursor, isDone, done, moved })
      watcher.at({ phase: 'copying', work, done, about, octets })
    }
  }
}

async function moveAll(
  ids: readonly ContentId[],
  source: ContentStore,
  target: ContentStore,
): Promise<readonly Moved[]> {
  const moved: Moved[] = []
  const left = ids.values()
  const worker = async (): Promise<void> => {
    for (const id of left) moved.push(await move(id, source, target))
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, ids.length) }, worker))
  return moved
}

async function move(id: ContentId, source: ContentStore, target: ContentStore): Promise<Moved> {
  const draft = target.begin()
  try {
    const hash = createHash('sha256')
    for await (const piece of source.get(id)) {
      hash.update(piece)
      await draft.write(piece)
    }
    const { size } = draft
    const made = await draft.commit()
    // Whoever reclaims, does so when all is referred to.
    target.unpin(made)
    return { source: id, target: made, size, digest: hash.digest() }
  } catch (error) {
    draft.abort()
    throw error
  }
}
