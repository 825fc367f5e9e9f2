/** One line, or several, of a panel. */
export interface Query {
  /** PromQL. */
  readonly expr: string
  /** What it is called in the legend; `{{label}}` stands for a label's value. */
  readonly legend: string
}

export interface Panel {
  readonly title: string
  /** What it shows, and when to worry. */
  readonly doc: string
  /** Of Grafana: `short`, `s`, `bytes`, `ops`, `percentunit`. */
  readonly unit: string
  readonly kind: 'lines' | 'figure'
  readonly queries: readonly Query[]
}

/** A heading and the panels below it. */
export interface Row {
  readonly title: string
  readonly panels: readonly Panel[]
}

export interface Dashboard {
  /** Stands in links; never changed. */
  readonly uid: string
  readonly title: string
  readonly doc: string
  readonly rows: readonly Row[]
}

/** What Grafana calls a panel. */
const KINDS = { lines: 'timeseries', figure: 'stat' } as const
/** Grafana's grid is 24 wide. */
const WIDTHS = { lines: 8, figure: 4 } as const
const HEIGHTS = { lines: 8, figure: 4 } as const
const GRID = 24

const SOURCE = { type: 'prometheus', uid: 'prometheus' }

/** A dashboard as Grafana reads it from a file. */
export function dashboardFile(dashboard: Dashboard): string {
  const { uid, title, doc, rows } = dashboard
  const file = {
    uid,
    title,
    description: doc,
    tags: ['cartero'],
    timezone: 'browser',
    schemaVersion: 39,
    version: 1,
    refresh: '10s',
    time: { from: 'now-1h', to: 'now' },
    editable: false,
    links: [
      {
        type: 'dashboards',
        title: 'Cartero',
        tags: ['cartero'],
        asDropdown: false,
        includeVars: true,
        keepTime: true,
      },
    ],
    templating: { list: [serviceVariable()] },
    panels: laidOut(rows),
  }
  return `${JSON.stringify(file, undefined, 2)}\n`
}

/** `$service`: one agent, several, or all. */
function serviceVariable() {
  return {
    name: 'service',
    label: 'agent',
    type: 'query',
    datasource: SOURCE,
    query: 'label_values(up{job="cartero"}, service)',
    refresh: 2,
    includeAll: true,
    multi: true,
    current: { text: 'All', value: '$__all' },
  }
}

function laidOut(rows: readonly Row[]): unknown[] {
  const panels: unknown[] = []
  let top = 0
  for (const row of rows) {
    panels.push({
      id: panels.length + 1,
      type: 'row',
      title: row.title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y: top, w: GRID, h: 1 },
    })
    top += 1
    let left = 0
    let height = 0
    for (const panel of row.panels) {
      const w = WIDTHS[panel.kind]
      if (left + w > GRID) {
        left = 0
        top += height
      }
      height = HEIGHTS[panel.kind]
      panels.push({ id: panels.length + 1, gridPos: { x: left, y: top, w, h: height }, ...shown(panel) })
      left += w
    }
    top += height
  }
  return panels
}

function shown({ title, doc, unit, kind, queries }: Panel) {
  return {
    type: KINDS[kind],
    title,
    description: doc,
    datasource: SOURCE,
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    options:
      kind === 'figure'
        ? { reduceOptions: { calcs: ['lastNotNull'] }, graphMode: 'area' }
        : { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi' } },
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: SOURCE,
      expr,
      legendFormat: legend,
    })),
  }
}
