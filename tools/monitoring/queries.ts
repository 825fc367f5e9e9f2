/**
 * Prints every query of every dashboard, after its panel and a tab, as Prometheus itself understands it.
 * usage: node tools/monitoring/queries.ts
 */
import { DASHBOARDS } from './dashboards.ts'

for (const { title, rows } of Object.values(DASHBOARDS))
  for (const panel of rows.flatMap((row) => row.panels))
    for (const { expr } of panel.queries) {
      // Grafana puts these in.
      const query = expr.replaceAll('$__rate_interval', '1m').replaceAll('$service', '.+')
      console.log(`${title}, ${panel.title}\t${query}`)
    }
