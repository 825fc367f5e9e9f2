import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'

import { parse } from 'yaml'

import { filesOfRepository, root } from '../house/files.ts'
import { DASHBOARDS, DASHBOARDS_FOLDER } from './dashboards.ts'
import { dashboardFile } from './panels.ts'

/** What Prometheus says of whom it asks. */
const OWN = ['up']
/** Histograms have three series. */
const SUFFIX = /_(?:bucket|sum|count)$/

const declared = new Set(filesOfRepository('{apps,libs}/*/src/**/*.ts').flatMap(declarations))

function declarations(file: string): string[] {
  if (file.endsWith('.test.ts')) return []
  return [...readFileSync(join(root, file), 'utf8').matchAll(/\bname: '(cartero_\w+)'/g)].map(
    ([, name = '']) => name,
  )
}

/** The metrics that an expression names which no agent declares. */
function strangers(expr: string): string[] {
  const regular = [...expr.matchAll(/__name__=~"([^"]+)"/g)].map(
    ([, pattern = '']) => new RegExp(`^${pattern}$`),
  )
  const unmatched = regular.filter((pattern) => ![...declared].some((name) => pattern.test(name)))
  const names = expr.replaceAll(/"[^"]*"/g, '').match(/\b(?:cartero_\w+|up)\b/g) ?? []
  const unknown = names.filter((name) => ![name, name.replace(SUFFIX, '')].some((it) => declared.has(it)))
  return [...unmatched.map(String), ...unknown.filter((name) => !OWN.includes(name))]
}

describe('metrics', () => {
  test('are found where agents declare them', () => {
    assert.ok(declared.has('cartero_mda_deliveries_total'))
    assert.ok(declared.has('cartero_process_cpu_seconds_total'))
  })

  test('that nobody declares are noticed', () => {
    assert.deepEqual(strangers('sum(rate(cartero_nobody_total[1m])) + up'), ['cartero_nobody_total'])
    assert.deepEqual(strangers('x{__name__=~"cartero_nobody_.*"}'), ['/^cartero_nobody_.*$/'])
    assert.deepEqual(strangers('rate(cartero_mda_delivery_delay_seconds_bucket[1m])'), [])
  })
})

for (const [file, dashboard] of Object.entries(DASHBOARDS)) {
  describe(`the dashboard ${file}`, () => {
    const panels = dashboard.rows.flatMap((row) => row.panels)

    test('is as its panels say: node tools/monitoring/dashboards.ts', () =>
      assert.equal(readFileSync(join(DASHBOARDS_FOLDER, file), 'utf8'), dashboardFile(dashboard)))

    test('shows what agents declare', () =>
      assert.deepEqual(
        panels.flatMap((panel) => panel.queries.flatMap(({ expr }) => strangers(expr))),
        [],
      ))

    test('says of each panel what it shows', () => {
      assert.ok(panels.length > 0)
      assert.deepEqual(
        panels.filter(({ doc }) => !doc.endsWith('.')).map(({ title }) => title),
        [],
      )
    })
  })
}

describe('dashboards', () => {
  test('are those that Grafana finds, and no others', () =>
    assert.deepEqual(readdirSync(DASHBOARDS_FOLDER).toSorted(), Object.keys(DASHBOARDS).toSorted()))

  test('are told from each other', () => {
    const uids = Object.values(DASHBOARDS).map(({ uid }) => uid)
    assert.equal(new Set(uids).size, uids.length)
  })
})

describe('alerts', () => {
  interface Rule {
    readonly alert: string
    readonly expr: string
    readonly annotations: { readonly summary: string; readonly description: string }
  }
  const { groups } = parse(readFileSync(join(root, 'deploy/prometheus/alerts.yml'), 'utf8')) as {
    groups: { rules: Rule[] }[]
  }

  for (const { alert, expr, annotations } of groups.flatMap(({ rules }) => rules)) {
    test(`${alert} is about what agents declare, and says what to do`, () => {
      assert.deepEqual(strangers(expr), [])
      assert.ok(annotations.summary && annotations.description)
    })
  }
})
