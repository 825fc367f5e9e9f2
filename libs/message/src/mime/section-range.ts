import type { MessageIndex, Part } from './message-index.ts'

/**
 * What of a part is meant (RFC 3501 §6.4.5): `body` is BODY[1.2], `mime` is BODY[1.2.MIME]; `header` and `text` are those of
 * the message that the part contains, or of the whole message where no part is named.
 */
export type SectionKind = 'body' | 'mime' | 'header' | 'text'

/** Octets of the message, from `start` to before `end`. */
export interface OctetRange {
  readonly start: number
  readonly end: number
}

type Message = Pick<MessageIndex, 'root'>

/** Where a section's octets stand, or undefined when the message has no such section. The empty path is the message itself. */
export function sectionRange(
  index: MessageIndex,
  path: readonly number[],
  kind: SectionKind,
): OctetRange | undefined {
  if (path.length === 0) return kind === 'body' ? { start: 0, end: index.size } : messageRange(index, kind)
  const part = partAt(index, path)
  if (part === undefined) return undefined
  if (kind === 'body') return { start: part.bodyStart, end: part.bodyEnd }
  if (kind === 'mime') return { start: part.headerStart, end: part.bodyStart }
  return part.message && messageRange(part.message, kind)
}

/** The part of that number, or undefined. Numbers start at 1; a message that is no multipart has the one part 1. */
export function partAt(index: MessageIndex, path: readonly number[]): Part | undefined {
  let message: Message | undefined = index
  let part: Part | undefined
  for (const number of path) {
    const children: readonly Part[] | undefined =
      message === undefined ? part?.parts : (message.root.parts ?? [message.root])
    part = children?.[number - 1]
    message = part?.message
  }
  return part
}

function messageRange({ root }: Message, kind: SectionKind): OctetRange | undefined {
  if (kind === 'header') return { start: root.headerStart, end: root.bodyStart }
  return kind === 'text' ? { start: root.bodyStart, end: root.bodyEnd } : undefined
}
