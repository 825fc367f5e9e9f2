// Generates TypeScript from proto/ into libs/contracts/src/gen; with --check only compares and fails when stale.

import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const committed = join(root, 'libs/contracts/src/gen')
const tools = join(root, 'node_modules/.bin')

const fresh = mkdtempSync(join(tmpdir(), 'cartero-generate-'))
try {
  buf('lint')
  buf('generate', '--output', fresh)
  for (const file of filesOf(fresh)) trim(join(fresh, file))
  if (process.argv.includes('--check')) check()
  else replace()
} finally {
  rmSync(fresh, { recursive: true, force: true })
}

function check(): void {
  const stale = differences()
  if (stale.length === 0) {
    console.log('generated code is fresh')
    return
  }
  console.error(
    `stale generated code, run \`npm run generate\`:\n${stale.map((file) => `  ${file}`).join('\n')}`,
  )
  process.exitCode = 1
}

function replace(): void {
  rmSync(committed, { recursive: true, force: true })
  cpSync(fresh, committed, { recursive: true })
  console.log(`generated ${filesOf(committed).length} files into libs/contracts/src/gen`)
}

/** Streams as iterables (`useAsyncIterable`) bring two methods with each message that nobody calls: half of the code. */
function trim(file: string): void {
  const code = readFileSync(file, 'utf8')
  writeFileSync(
    file,
    code
      .replaceAll(/\n {2}\/\/ (?:en|de)codeTransform [^]*?\n {2}\},\n/g, '')
      .replaceAll(/\n {2}(?:en|de)codeTransform\([^]*?\): AsyncIterable<[^;]*;/g, ''),
  )
}

function differences(): string[] {
  const files = new Set([...filesOf(committed), ...filesOf(fresh)])
  return [...files].filter((file) => contentOf(committed, file) !== contentOf(fresh, file)).toSorted()
}

function contentOf(folder: string, file: string): string | undefined {
  const path = join(folder, file)
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

function filesOf(folder: string): string[] {
  return globSync('**/*.ts', { cwd: folder })
}

function buf(...args: string[]): void {
  const env = { ...process.env, PATH: `${tools}${delimiter}${process.env['PATH'] ?? ''}` }
  const { status } = spawnSync(join(tools, 'buf'), args, { cwd: join(root, 'proto'), env, stdio: 'inherit' })
  if (status !== 0) throw new Error(`buf ${args[0]} failed`)
}
