// Cuts the power of a whole system that takes mail in and carries it out, on a real file system (root needed: a loop mount).
//
//   node tools/power-loss/relay.ts [cuts]
//
// At the cut the process is frozen, what it has promised so far is noted, and only then the image is copied: the copy holds what
// the file system had flushed to its device. A system started on the copy must bring each letter that was acknowledged to its
// host, where it may have been before the cut, or back to its sender. A short form of this is among the tests of apps/cartero.

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const cuts = Number(process.argv[2] ?? 10)
const test = fileURLToPath(new URL('../../apps/cartero/test/relay-faults-disk.test.ts', import.meta.url))
const { status } = spawnSync(process.execPath, ['--test', '--test-name-pattern', 'power cuts', test], {
  stdio: 'inherit',
  env: { ...process.env, POWER_CUTS: String(cuts) },
})
process.exitCode = status ?? 1
