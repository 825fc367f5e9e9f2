import { ContentStoreError } from '../ports.ts'
import type { StoredObject } from '../objects/ports.ts'

export interface ListPortion {
  readonly objects: readonly StoredObject[]
  /** What to ask for next; undefined at the end. */
  readonly next: string | undefined
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** Reads the answer to ListObjectsV2. It is flat but for its `Contents`. Throws ContentStoreError for what is none. */
export function decodePortion(body: Buffer): ListPortion {
  const text = body.toString('utf8')
  if (!/<ListBucketResult[\s>]/.test(text))
    throw new ContentStoreError('io', 'list: S3 answered with no list')
  const objects: StoredObject[] = []
  for (const [, entry = ''] of text.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
    objects.push({ name: element(entry, 'Key') ?? '', size: Number(element(entry, 'Size')) })
  }
  const isLast = element(text, 'IsTruncated') !== 'true'
  return { objects, next: isLast ? undefined : element(text, 'NextContinuationToken') }
}

function element(text: string, name: string): string | undefined {
  const content = new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1]
  return content?.replaceAll(/&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));/g, (all, decimal, hex, word) => {
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal))
    if (hex !== undefined) return String.fromCodePoint(parseInt(hex, 16))
    return ENTITIES[word] ?? all
  })
}
