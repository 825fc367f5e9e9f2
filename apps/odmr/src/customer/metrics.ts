import { BUCKETS, counter, gauge, histogram } from '@cartero/agent/telemetry'
import { VISIT_ENDS } from './report.ts'

/** What is counted of visits, by the names that the operator gave to the providers. */
// Without annotation: the types of the instruments come from the declarations.
export function fetchMetrics(providers: readonly string[]) {
  const labels = { provider: providers }
  return {
    visits: counter({
      name: 'cartero_odmr_fetch_visits_total',
      doc: 'Visits to providers that keep mail for us, by how they ended: with mail (fetched) or without (nothing), for now in vain (busy, unreachable, broken), in vain until somebody mends it (refused, insecure), in the middle (cutOff), or because this process was leaving (left)',
      labels: { ...labels, outcome: VISIT_ENDS },
    }),
    messages: counter({
      name: 'cartero_odmr_fetch_messages_total',
      doc: 'Messages taken over from providers',
      labels,
    }),
    octets: counter({
      name: 'cartero_odmr_fetch_bytes_total',
      doc: 'Octets of the messages taken over from providers',
      labels,
    }),
    duration: histogram({
      name: 'cartero_odmr_fetch_duration_seconds',
      doc: 'How long visits to providers lasted',
      labels,
      buckets: BUCKETS.journeySeconds,
    }),
    succeeded: gauge({
      name: 'cartero_odmr_fetch_last_success_time_seconds',
      doc: 'When a visit ended as it should for the last time, with mail or without, since the epoch; 0 when none has',
      labels,
    }),
  }
}
