import { BUCKETS, counter, histogram } from '@cartero/agent/telemetry'

export const METRICS = {
  deliveries: counter({
    name: 'cartero_mda_deliveries_total',
    doc: 'Attempts to deliver into local mailboxes, for each recipient, by how they ended',
    labels: { outcome: ['delivered', 'deferred', 'returned', 'dead'] },
  }),
  delay: histogram({
    name: 'cartero_mda_delivery_delay_seconds',
    doc: 'Time from the 250 to the mailbox',
    buckets: BUCKETS.journeySeconds,
  }),
  lmtp: counter({
    name: 'cartero_mda_lmtp_total',
    doc: 'Messages that came by LMTP, and what was refused there',
    labels: { outcome: ['taken', 'refused'] },
  }),
  bugs: counter({
    name: 'cartero_mda_bugs_total',
    doc: 'Errors nobody foresaw; each is in the log with its stack',
  }),
}
