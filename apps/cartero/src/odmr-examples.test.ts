import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { resolveConfig } from '@cartero/agent/config'

import { homeGuide } from './cli/odmr-guide.ts'
import { definition } from './config.ts'
import { rules } from './config-rules.ts'
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

  test('are what "cartero odmr add" prints for home', async () => {
    const home = await configOf('home')
    const told = {
      domain: 'home.example.org',
      account: 'fetch@home.example.org',
      hostname: 'edge.example.org',
    }
    const [, text = ''] = /cartero\.yaml is:\n\n([\s\S]*?)\n\n/.exec(homeGuide(told)) ?? []
    const sources = { file: { name: 'home.yaml', text } }
    const { config } = await resolveConfig(definition, sources, rules)
    assert.deepEqual(config.odmr, home.odmr)
    assert.deepEqual(
      [config.hostname, config.routes, config.routing],
      [home.hostname, home.routes, home.routing],
    )
    const elsewhere = homeGuide({ ...told, port: 2366 })
    assert.match(elsewhere, /^ {6}port: 2366$/m)
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
