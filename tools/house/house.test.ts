// What no compiler checks: links, READMEs, tags, and a lockfile that works on every machine.

import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { filesOfRepository, root } from './files.ts'
import { anchorsOf, relativeLinks } from './links.ts'

const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const roomFolders = globSync('{apps,libs}/*/package.json', { cwd: root }).map(dirname).toSorted()

describe('links', () => {
  test('are found in prose and not in code', () => {
    const text =
      '[a](b.md#c-d) ![p](q.png "t") [w](https://x.test) `[n](no.md)`\n```\n[n](no.md)\n```\n[s](#e)'
    assert.deepEqual(relativeLinks(text), [
      { path: 'b.md', anchor: 'c-d' },
      { path: 'q.png', anchor: '' },
      { path: '', anchor: 'e' },
    ])
  })

  test('name headings as forges do', () => {
    assert.deepEqual(
      [...anchorsOf('# One, two: `three`\n```\n# no\n```\n## What a 250 means')],
      ['one-two-three', 'what-a-250-means'],
    )
  })

  for (const file of filesOfRepository('**/*.md')) {
    test(`of ${file} lead somewhere`, () => assert.deepEqual(brokenLinks(file), []))
  }
})

describe('each room', () => {
  test('is looked at', () => assert.ok(roomFolders.includes('libs/wire')))

  for (const room of roomFolders) {
    test(`${room} has a README and one layer`, () => {
      assert.ok(existsSync(join(root, room, 'README.md')), 'README.md is missing')
      const manifest = JSON.parse(read(`${room}/package.json`)) as { nx?: { tags?: string[] } }
      const layers = (manifest.nx?.tags ?? []).filter((tag) => tag.startsWith('layer:'))
      assert.equal(
        layers.length,
        1,
        `"nx": { "tags": [] } must name one layer, found ${layers.join(', ') || 'none'}`,
      )
      assert.match(layers[0] ?? '', /^layer:(?:grammar|platform|domain|app|test)$/)
    })
  }
})

describe('package-lock.json', () => {
  const lock = JSON.parse(read('package-lock.json')) as {
    lockfileVersion: number
    packages: Record<string, { resolved?: string; link?: boolean; integrity?: string }>
  }
  const entries = Object.entries(lock.packages)

  test('names no registry, so that any mirror can serve it', () => {
    const hosts = entries.filter(([, { resolved }]) => resolved !== undefined && /^[a-z+]+:/.test(resolved))
    assert.deepEqual(hosts, [])
    assert.doesNotMatch(read('package-lock.json'), /https?:\/\/[^"]*\.tgz/)
  })

  test('pins the content of every package', () => {
    const unpinned = entries.filter(
      ([path, { link, integrity }]) => path.includes('node_modules/') && !link && !integrity,
    )
    assert.deepEqual(unpinned, [])
  })
})

function brokenLinks(file: string): string[] {
  return relativeLinks(read(file))
    .filter(({ path, anchor }) => {
      const target = path === '' ? file : join(dirname(file), path)
      if (!existsSync(join(root, target))) return true
      return anchor !== '' && target.endsWith('.md') && !anchorsOf(read(target)).has(anchor)
    })
    .map(({ path, anchor }) => (anchor === '' ? path : `${path}#${anchor}`))
}
