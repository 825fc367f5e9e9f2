// Says whether what is in proto/ breaks a contract: against the last release, or where there is none, against main.
// usage: npm run generate:breaking [-- <commit, branch or tag>]

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
/** Milliseconds that asking for main may take: a check runs without a network, too. */
const FETCH_MS = 30_000

const base = process.argv[2] ?? lastRelease() ?? main()
if (base === undefined) {
  console.log('nothing to compare proto/ with: this clone has no release and no main but what is checked out')
} else compare(base)

/** The tag nearest to what is checked out. A shallow clone may have none. */
function lastRelease(): string | undefined {
  return git('describe', '--tags', '--abbrev=0', '--match', 'v*')
}

/** Where this branch left main; what is checked out, when that is main and something is not committed yet. */
function main(): string | undefined {
  if (isShallow()) git('fetch', '--quiet', '--depth=1', 'origin', 'main')
  for (const name of ['origin/main', 'FETCH_HEAD', 'main']) {
    const commit = git('rev-parse', '--verify', '--quiet', `${name}^{commit}`)
    if (commit !== undefined && (commit !== git('rev-parse', 'HEAD') || hasChanges())) return commit
  }
  // On main itself: what the last change did.
  return git('rev-parse', '--verify', '--quiet', 'HEAD~1^{commit}')
}

function compare(commit: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'cartero-breaking-'))
  try {
    mkdirSync(join(folder, 'proto'))
    const archive = spawnSync('git', ['archive', `--output=${join(folder, 'proto.tar')}`, commit, 'proto'], {
      cwd: root,
    })
    const unpacked = spawnSync('tar', ['-xf', 'proto.tar'], { cwd: folder })
    if (archive.status !== 0 || unpacked.status !== 0 || !existsSync(join(folder, 'proto/buf.yaml'))) {
      console.log(`nothing to compare proto/ with: ${commit} has no contracts`)
      return
    }
    console.log(`comparing proto/ with ${commit}`)
    const buf = join(root, 'node_modules/.bin/buf')
    const { status } = spawnSync(buf, ['breaking', 'proto', '--against', join(folder, 'proto')], {
      cwd: root,
      stdio: 'inherit',
    })
    if (status === 0) console.log('no contract is broken')
    else process.exitCode = 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function isShallow(): boolean {
  return git('rev-parse', '--is-shallow-repository') === 'true'
}

function hasChanges(): boolean {
  return git('status', '--porcelain', '--', 'proto') !== undefined
}

/** What git says, or undefined when it fails or says nothing. */
function git(...words: string[]): string | undefined {
  const { status, stdout } = spawnSync('git', words, {
    cwd: root,
    encoding: 'utf8',
    timeout: FETCH_MS,
    env: { ...process.env, GIT_TERMINAL_PROMPT: '0' },
  })
  const said = stdout?.trim()
  return status === 0 && said !== '' ? said : undefined
}
