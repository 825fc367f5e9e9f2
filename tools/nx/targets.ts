// The targets of every room, inferred from what is on disk, so that no room needs a project.json.
// Nx loads this file as a local plugin and Node strips its types; it may therefore import nothing but `node:*`.

import { globSync } from 'node:fs'
import { join, relative } from 'node:path'

/** One Nx target that runs a shell command in the room's own folder. */
interface Target {
  readonly executor: 'nx:run-commands'
  readonly cache: boolean
  readonly inputs: readonly string[]
  readonly options: {
    readonly command: string
    readonly cwd: string
    readonly env: Readonly<Record<string, string>>
  }
}

interface Room {
  readonly targets: Readonly<Record<string, Target>>
}

type Node = readonly [manifest: string, result: { readonly projects: Readonly<Record<string, Room>> }]

/** A test that hangs fails after this long (milliseconds) and is named, rather than holding up the whole run. */
const TEST_DEADLINE = 240_000

/** Rooms whose tests mostly wait for the processes that they start, and are the longest of all: two files at a time. */
const PATIENT_ROOMS: ReadonlySet<string> = new Set(['apps/cartero'])

const ROOM_TESTS = ['src/**/*.test.ts', 'test/**/*.test.ts']
const TOOLS_TESTS = ['**/*.test.ts']

/** Nx's plugin contract: which files announce a room, and which targets each of those rooms has. */
export const createNodesV2 = [
  '{{apps,libs}/*,tools}/package.json',
  (
    manifests: readonly string[],
    _options: unknown,
    context: { readonly workspaceRoot: string },
  ): readonly Node[] =>
    manifests.map((manifest) => {
      const room = manifest.slice(0, -'/package.json'.length)
      return [manifest, { projects: { [room]: { targets: targetsOf(room, context.workspaceRoot) } } }]
    }),
] as const

function targetsOf(room: string, workspaceRoot: string): Record<string, Target> {
  const targets: Record<string, Target> = {
    typecheck: target(room, workspaceRoot, 'tsc -p tsconfig.json'),
  }
  const patterns = testPatterns(room, workspaceRoot)
  if (patterns.length > 0) {
    const globs = patterns.map((pattern) => `'${pattern}'`).join(' ')
    const guard = relative(room, 'tools/nx/linger.ts')
    const atOnce = PATIENT_ROOMS.has(room) ? ' --test-concurrency=2' : ''
    const node = `node --import ./${guard} --test --test-timeout=${TEST_DEADLINE}${atOnce}`
    targets['test'] = target(room, workspaceRoot, `${node} ${globs}`)
  }
  return targets
}

function target(room: string, workspaceRoot: string, command: string): Target {
  return {
    executor: 'nx:run-commands',
    // The tests of `tools` read the whole repository, which no list of inputs describes.
    cache: room !== 'tools',
    inputs: ['default', '^default'],
    options: {
      command,
      cwd: room,
      // The cache is absolute, because tests start processes in folders of their own and those shall find it too.
      // Nx asks for colours even when nobody watches; the summary is also read by machines.
      env: { FORCE_COLOR: '0', NODE_COMPILE_CACHE: join(workspaceRoot, 'node_modules/.cache/node') },
    },
  }
}

function testPatterns(room: string, workspaceRoot: string): string[] {
  const patterns = room === 'tools' ? TOOLS_TESTS : ROOM_TESTS
  return patterns.filter((pattern) => globSync(pattern, { cwd: join(workspaceRoot, room) }).length > 0)
}
