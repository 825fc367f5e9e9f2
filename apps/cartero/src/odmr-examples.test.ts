import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { loadConfig } from './load-config.ts'

const fileOf = (name: string): string =>
  fileURLToPath(new URL(`../../odmr/examples/${name}/cartero.yaml`, import.meta.url))

const configOf = async (name: string) =>
  (await loadConfig({ file: fileOf(name), search: false, environment: {} })).config

describe('the examples of a home mailbox behind a small edge', () => {
  for (const name of ['edge', 'home'])
    test(`${name}: is as short as it is said to be`, () => {
      const lines = readFileSync(fileOf(name), 'utf8').split('\n')
      assert.ok(lines.filter((line) => line !== '' && !line.startsWith('#')).length <= 10)
    })

  test('open the door at the edge to which home goes', async () => {
    const [edge, home] = [await configOf('edge'), await configOf('home')]
    const [provider] = home.odmr.fetch
    assert.equal(provider?.host, edge.hostname)
    assert.deepEqual(
      edge.listen.odmr.map(({ port }) => port),
      [provider.port ?? 366],
    )
    assert.equal(edge.odmr.clearCramMd5, false)
  })

  test('send nothing from home but by the edge, and not without its certificate', async () => {
    const home = await configOf('home')
    assert.deepEqual(
      home.routing.map(({ match, via }) => [match, via]),
      [['*', 'edge']],
    )
    assert.equal(home.routes[0]?.tls, 'verify')
    assert.deepEqual(home.listen.odmr, [])
  })
})
