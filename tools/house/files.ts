// The files of the repository that people wrote: no dependencies, no generated code, no build output.

import { globSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const root: string = fileURLToPath(new URL('../..', import.meta.url))

const NOT_OURS = ['**/node_modules/**', '**/gen/**', '**/dist/**', '.git/**', '.nx/**', 'cartero-data/**']

/** Paths from the root that match, sorted, so that whatever is printed of them is the same everywhere. */
export function filesOfRepository(...patterns: readonly string[]): string[] {
  return globSync(patterns, { cwd: root, exclude: NOT_OURS }).toSorted()
}
