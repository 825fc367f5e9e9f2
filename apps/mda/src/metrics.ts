import { BUCKETS, counter, histogram } from '@cartero/agent/telemetry'

export const METRICS = {
  deliveries: counter({
    name: 'cartero_mda_deliveries_total',
    doc: 'Attempts to deliver into local mailboxes, by how they ended',
    labels: { outcome: ['delivered', 'deferred', 'expired', 'held'] },
  }),
  delay: histogram({
    name: 'cartero_mda_delivery_delay_seconds',
    doc: 'Time from the 250 to the mailbox',
    buckets: BUCKETS.journeySeconds,
  }),
}
