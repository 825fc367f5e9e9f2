import type { ContentId } from '@cartero/content'
import type { MessageIndex } from '@cartero/message'
import { asBuffer } from '@cartero/sql'

import { rowsOf } from '../packed-rows.ts'
import type { StoredMessage } from '../ports.ts'
import type { PackedMessages } from './worker/packing.ts'

export function messagesOf(packed: PackedMessages): StoredMessage[] {
  const octets = asBuffer(packed.octets)
  const { sizes, dates, contents, ends } = packed
  return rowsOf(packed).map(({ uid, flags, modseq }, at) => {
    const [start, middle, end] = [ends[2 * at - 1] ?? 0, ends[2 * at], ends[2 * at + 1]]
    let index: MessageIndex | undefined
    return {
      uid,
      flags,
      modseq,
      internalDate: dates[at] ?? 0,
      size: sizes[at] ?? 0,
      content: contents[at] as ContentId,
      prefix: octets.subarray(start, middle),
      /** Parsed when it is first read: FETCH FLAGS and BODY[] need none of it. */
      get index() {
        return (index ??= JSON.parse(octets.toString('utf8', middle, end)) as MessageIndex)
      },
    }
  })
}
