import type { Dashboard } from './panels.ts'

const rate = (metric: string): string => `sum(rate(${metric}[$__rate_interval]))`
const quantile = (of: number, metric: string): string =>
  `histogram_quantile(${of}, sum by (le) (rate(${metric}_bucket[$__rate_interval])))`

/** What comes in, what waits and why, what gets where it belongs, and how long that takes. */
export const MAIL_FLOW: Dashboard = {
  uid: 'cartero-mail',
  title: 'Cartero: mail',
  doc: 'From the doors to mailboxes and other hosts.',
  rows: [
    {
      title: 'Now',
      panels: [
        {
          title: 'Accepted',
          doc: 'Messages a second for which somebody was told 250.',
          unit: 'ops',
          kind: 'figure',
          queries: [
            {
              expr: `${rate('cartero_mta_messages_received_total')} + ${rate('cartero_msa_messages_submitted_total')}`,
              legend: '',
            },
          ],
        },
        {
          title: 'Delivered',
          doc: 'Deliveries a second into mailboxes.',
          unit: 'ops',
          kind: 'figure',
          queries: [{ expr: rate('cartero_mda_deliveries_total{outcome="delivered"}'), legend: '' }],
        },
        {
          title: 'Relayed',
          doc: 'Recipients a second that other hosts took.',
          unit: 'ops',
          kind: 'figure',
          queries: [{ expr: rate('cartero_mta_relayed_recipients_total{outcome="relayed"}'), legend: '' }],
        },
        {
          title: 'Due',
          doc: 'Deliveries that could be made now. They grow when more is accepted than carried: scale mda or mta.',
          unit: 'short',
          kind: 'figure',
          queries: [{ expr: 'max(cartero_mta_queue_deliveries{state="ready"})', legend: '' }],
        },
        {
          title: 'Deferred',
          doc: 'Deliveries that wait for their next attempt.',
          unit: 'short',
          kind: 'figure',
          queries: [{ expr: 'max(cartero_mta_queue_deliveries{state="deferred"})', legend: '' }],
        },
        {
          title: 'Oldest',
          doc: 'How long the oldest of all that waits has waited.',
          unit: 's',
          kind: 'figure',
          queries: [{ expr: 'max(cartero_mta_queue_oldest_seconds)', legend: '' }],
        },
      ],
    },
    {
      title: 'In',
      panels: [
        {
          title: 'Messages accepted',
          doc: 'By the door they came through.',
          unit: 'ops',
          kind: 'lines',
          queries: [
            { expr: rate('cartero_mta_messages_received_total'), legend: 'from other hosts' },
            { expr: rate('cartero_msa_messages_submitted_total'), legend: 'by our users' },
          ],
        },
        {
          title: 'Octets accepted',
          doc: 'By the door they came through.',
          unit: 'Bps',
          kind: 'lines',
          queries: [
            { expr: rate('cartero_mta_received_bytes_total'), legend: 'from other hosts' },
            { expr: rate('cartero_msa_submitted_bytes_total'), legend: 'by our users' },
          ],
        },
        {
          title: 'Refused',
          doc: 'By door and by the stage of the session. 450 and 451 are among them: look at the stores when `data` grows.',
          unit: 'ops',
          kind: 'lines',
          queries: [
            {
              expr: 'sum by (at) (rate(cartero_mta_rejections_total[$__rate_interval]))',
              legend: 'from other hosts, {{at}}',
            },
            {
              expr: 'sum by (at) (rate(cartero_msa_rejections_total[$__rate_interval]))',
              legend: 'by our users, {{at}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Out',
      panels: [
        {
          title: 'Into mailboxes',
          doc: 'Deliveries, by what came of them.',
          unit: 'ops',
          kind: 'lines',
          queries: [
            {
              expr: 'sum by (outcome) (rate(cartero_mda_deliveries_total[$__rate_interval]))',
              legend: '{{outcome}}',
            },
          ],
        },
        {
          title: 'To other hosts',
          doc: 'Recipients, by what came of an attempt.',
          unit: 'ops',
          kind: 'lines',
          queries: [
            {
              expr: 'sum by (outcome) (rate(cartero_mta_relayed_recipients_total[$__rate_interval]))',
              legend: '{{outcome}}',
            },
          ],
        },
        {
          title: 'To customers who come for it',
          doc: 'Recipients of mail that customers fetched (on-demand mail relay).',
          unit: 'ops',
          kind: 'lines',
          queries: [
            {
              expr: 'sum by (outcome) (rate(cartero_mta_turned_recipients_total[$__rate_interval]))',
              legend: '{{outcome}}',
            },
          ],
        },
        {
          title: 'From 250 to mailbox',
          doc: 'How long local mail takes.',
          unit: 's',
          kind: 'lines',
          queries: [
            { expr: quantile(0.5, 'cartero_mda_delivery_delay_seconds'), legend: 'half' },
            { expr: quantile(0.95, 'cartero_mda_delivery_delay_seconds'), legend: '95 of 100' },
            { expr: quantile(0.99, 'cartero_mda_delivery_delay_seconds'), legend: '99 of 100' },
          ],
        },
        {
          title: 'From 250 to 250',
          doc: 'How long mail for other hosts takes.',
          unit: 's',
          kind: 'lines',
          queries: [
            { expr: quantile(0.5, 'cartero_mta_relay_delay_seconds'), legend: 'half' },
            { expr: quantile(0.95, 'cartero_mta_relay_delay_seconds'), legend: '95 of 100' },
          ],
        },
        {
          title: 'Calls to other hosts',
          doc: 'Connections that were tried, by what came of it.',
          unit: 'ops',
          kind: 'lines',
          queries: [
            {
              expr: 'sum by (outcome) (rate(cartero_mta_relay_calls_total[$__rate_interval]))',
              legend: '{{outcome}}',
            },
            { expr: rate('cartero_mta_unreachable_total'), legend: 'no host of a destination' },
          ],
        },
      ],
    },
    {
      title: 'Queue',
      panels: [
        {
          title: 'Deliveries that wait',
          doc: 'By state. Every mta counts the same queue, so that the largest figure is the right one.',
          unit: 'short',
          kind: 'lines',
          queries: [{ expr: 'max by (state) (cartero_mta_queue_deliveries)', legend: '{{state}}' }],
        },
        {
          title: 'Age of the oldest',
          doc: 'A straight line upwards is mail that nobody can deliver.',
          unit: 's',
          kind: 'lines',
          queries: [{ expr: 'max(cartero_mta_queue_oldest_seconds)', legend: 'oldest' }],
        },
        {
          title: 'Destinations',
          doc: 'That mail is carried to now, and that wait for a connection.',
          unit: 'short',
          kind: 'lines',
          queries: [
            { expr: 'sum(cartero_mta_relay_lanes)', legend: 'carried to' },
            { expr: 'sum(cartero_mta_relay_starved_destinations)', legend: 'wait for a connection' },
            { expr: 'sum(cartero_mta_relay_connections)', legend: 'connections' },
          ],
        },
      ],
    },
  ],
}
