// Cuts the power of the embedded spool on a real file system (root needed: a loop mount).
//
//   node tools/power-loss/spool.ts [cuts]
//
// A process accepts mail on a file system in an image. At the cut it is frozen, what it has promised so far is noted, and
// only then the image is copied: the copy holds what the file system had flushed to its device. What the next start
// finds on the copy must be at least what was promised, octet for octet.

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const scriptOf = (name: string): string =>
  fileURLToPath(new URL(`../../libs/spool/test/${name}-process.ts`, import.meta.url))

const cuts = Number(process.argv[2] ?? 5)
const root = mkdtempSync(join(tmpdir(), 'cartero-power-'))
let lost = 0
for (let cut = 1; cut <= cuts; cut++) lost += await powerCut(cut)
rmSync(root, { recursive: true })
if (lost > 0) process.exitCode = 1

/** Returns how many messages were lost or changed. */
async function powerCut(cut: number): Promise<number> {
  const image = join(root, 'image')
  execFileSync('truncate', ['-s', '4G', image])
  execFileSync('mkfs.ext4', ['-qF', image])
  using before = mounted(image)
  const promised = await acceptedUntil(before.path, cut, () =>
    execFileSync('cp', ['--sparse=always', image, `${image}.cut`]),
  )
  before[Symbol.dispose]()
  using after = mounted(`${image}.cut`)
  const found = new Map(
    linesOf(
      execFileSync(process.execPath, [scriptOf('recovering'), after.path], {
        encoding: 'utf8',
        maxBuffer: 1 << 30,
      }),
    ).map(([, queueId, hash]) => [queueId, hash]),
  )
  const lost = [...promised].filter(([queueId, hash]) => found.get(queueId) !== hash)
  console.log(
    `cut ${cut}: ${promised.size} promised and not delivered, ${found.size} found, ${lost.length} lost`,
  )
  return lost.length
}

/** What was promised and not given away when the process was frozen; `atCut` runs while it is. */
async function acceptedUntil(
  directory: string,
  seed: number,
  atCut: () => void,
): Promise<ReadonlyMap<string, string>> {
  const args = [scriptOf('accepting'), directory, String(seed)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (bytes: Buffer) => (output += bytes.toString()))
  await once(child.stdout, 'data')
  await sleep(500 + Math.random() * 2_500)
  child.kill('SIGSTOP')
  // What it said before is in the pipe still.
  for (let length = -1; length < output.length; await sleep(100)) length = output.length
  atCut()
  child.kill('SIGKILL')
  await once(child, 'exit')
  const promised = new Map<string, string>()
  for (const [word, queueId = '', hash = ''] of linesOf(output)) {
    if (word === 'accepted') promised.set(queueId, hash)
    if (word === 'delivering') promised.delete(queueId)
  }
  return promised
}

function linesOf(output: string): string[][] {
  return output
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split(' '))
}

function mounted(image: string): { readonly path: string } & Disposable {
  const path = `${image}.mount`
  mkdirSync(path, { recursive: true })
  execFileSync('mount', ['-o', 'loop', image, path])
  let isMounted = true
  return {
    path,
    [Symbol.dispose]: () => {
      if (isMounted) execFileSync('umount', [path])
      isMounted = false
    },
  }
}
