import type { Dashboard } from './panels.ts'

/** What is kept: the queue, mail that waits for customers, the directory, the journey. */
export const STORES: Dashboard = {
  uid: 'cartero-stores',
  title: 'Cartero: stores',
  doc: 'What is kept, as the agents see it.',
  rows: [
    {
      title: 'Spool',
      panels: [
        {
          title: 'Deliveries',
          doc: 'By state.',
          unit: 'short',
          kind: 'lines',
          queries: [{ expr: 'max by (state) (cartero_mta_queue_deliveries)', legend: '{{state}}' }],
        },
        {
          title: 'Not settled yet',
          doc: 'Deliveries that are done and whose end is not in the database yet. Grows when Postgres is slow.',
          unit: 'short',
          kind: 'lines',
          queries: [{ expr: 'sum(cartero_mta_relay_unsettled)', legend: 'relay' }],
        },
        {
          title: 'Waits for customers',
          doc: 'Deliveries that customers have not come for (on-demand mail relay).',
          unit: 'short',
          kind: 'lines',
          queries: [
            { expr: 'max(cartero_mta_collected_deliveries)', legend: 'deliveries' },
            { expr: 'max(cartero_mta_collected_domains)', legend: 'domains' },
          ],
        },
        {
          title: 'Octets for customers',
          doc: 'What waits for customers.',
          unit: 'bytes',
          kind: 'lines',
          queries: [{ expr: 'max(cartero_mta_collected_bytes)', legend: 'octets' }],
        },
      ],
    },
    {
      title: 'Directory and journey',
      panels: [
        {
          title: 'Logins that were checked',
          doc: 'Each costs a password hash, unless it was seen a moment ago.',
          unit: 'ops',
          kind: 'lines',
          queries: [
            {
              expr: 'sum by (outcome) (rate(cartero_directory_logins_total[$__rate_interval]))',
              legend: '{{outcome}}',
            },
          ],
        },
        {
          title: 'Turned away',
          doc: 'Peers that are banned now, because they tried passwords.',
          unit: 'short',
          kind: 'lines',
          queries: [{ expr: 'max(cartero_directory_banned_peers)', legend: 'peers' }],
        },
        {
          title: 'Changes',
          doc: 'Of domains, accounts and aliases.',
          unit: 'ops',
          kind: 'lines',
          queries: [
            {
              expr: 'sum by (subject) (rate(cartero_directory_changes_total[$__rate_interval]))',
              legend: '{{subject}}',
            },
          ],
        },
        {
          title: 'Dropped from journeys',
          doc: 'Events that were not kept, because more came than could be written: cartero trace has gaps there. Mail never waits for it.',
          unit: 'ops',
          kind: 'lines',
          queries: [{ expr: 'sum(rate(cartero_journey_dropped_total[$__rate_interval]))', legend: 'events' }],
        },
        {
          title: 'Stored by clients',
          doc: 'Messages that IMAP clients stored themselves (APPEND).',
          unit: 'ops',
          kind: 'lines',
          queries: [
            {
              expr: 'sum(rate(cartero_imap_messages_appended_total[$__rate_interval]))',
              legend: 'messages',
            },
          ],
        },
      ],
    },
  ],
}
