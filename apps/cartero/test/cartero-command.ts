import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { command, MAIN } from '@cartero/testkit'

export { MAIN }

export interface Answer {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Runs `cartero` as a user does: without a terminal, in a folder of its own, with the environment of the test only. */
export async function cartero(
  words: readonly string[],
  options: { readonly input?: string; readonly cwd?: string; readonly env?: Record<string, string> } = {},
): Promise<Answer> {
  const result = await command(process.execPath, [MAIN, ...words], {
    cwd: tmpdir(),
    limitMs: 30_000,
    ...options,
  })
  return { code: result.code, out: result.stdout.toString(), err: result.stderr }
}

export function temporaryFolder(context: Pick<TestContext, 'after'>): string {
  const folder = mkdtempSync(join(tmpdir(), 'cartero-cli-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
