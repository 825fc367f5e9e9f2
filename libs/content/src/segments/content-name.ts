import type { ContentId, LogPosition } from '../ports.ts'

/**
 * What a ContentId says, so that neither size nor place needs a look-up: `segment.offset.size` of a whole frame, and for
 * a larger content `segment.offset.size.segment.offset`: its first chunk, its size, its list of extents. Base 36.
 */
export interface ContentName {
  /** The frame that names the content: ids that lie in one segment share a prefix. */
  readonly origin: LogPosition
  readonly size: number
  /** The list of extents, when the content is not one whole frame. */
  readonly extents?: LogPosition
}

export function formatName({ origin, size, extents }: ContentName): ContentId {
  const name = `${digits(origin.segment)}.${digits(origin.offset)}.${digits(size)}`
  return (
    extents === undefined ? name : `${name}.${digits(extents.segment)}.${digits(extents.offset)}`
  ) as ContentId
}

/** Undefined for what no segment log has named. */
export function parseName(id: ContentId): ContentName | undefined {
  const [segment = NaN, offset = NaN, size = NaN, ...rest] = id.split('.').map((part) => parseInt(part, 36))
  const origin = { segment, offset }
  const [extentsSegment, extentsOffset] = rest
  const name =
    extentsSegment === undefined || extentsOffset === undefined
      ? { origin, size }
      : { origin, size, extents: { segment: extentsSegment, offset: extentsOffset } }
  return formatName(name) === id ? name : undefined
}

/** What all ids whose origin lies in this segment begin with. */
export function prefixOf(segment: number): string {
  return `${digits(segment)}.`
}

function digits(value: number): string {
  return value.toString(36)
}
