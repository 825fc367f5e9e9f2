import type { Dashboard } from './panels.ts'

const OF = '{service=~"$service"}'

/** How each process is: busy, large, slow, broken. */
export const AGENTS: Dashboard = {
  uid: 'cartero-agents',
  title: 'Cartero: agents',
  doc: 'One line for each container; choose agents above.',
  rows: [
    {
      title: 'Now',
      panels: [
        {
          title: 'Ready',
          doc: 'Processes that serve.',
          unit: 'short',
          kind: 'figure',
          queries: [{ expr: `sum(cartero_ready${OF})`, legend: '' }],
        },
        {
          title: 'Found',
          doc: 'Containers that Prometheus knows of.',
          unit: 'short',
          kind: 'figure',
          queries: [{ expr: 'count(up{job="cartero",service=~"$service"})', legend: '' }],
        },
        {
          title: 'Processors',
          doc: 'How many of them all agents keep busy.',
          unit: 'short',
          kind: 'figure',
          queries: [
            { expr: `sum(rate(cartero_process_cpu_seconds_total${OF}[$__rate_interval]))`, legend: '' },
          ],
        },
        {
          title: 'Memory',
          doc: 'Of all agents.',
          unit: 'bytes',
          kind: 'figure',
          queries: [{ expr: `sum(cartero_process_resident_memory_bytes${OF})`, legend: '' }],
        },
        {
          title: 'Bugs',
          doc: 'Errors nobody foresaw, in the last hour. The log has each with its stack.',
          unit: 'short',
          kind: 'figure',
          queries: [
            {
              expr: `sum(increase({__name__=~"cartero_(mta|msa|mda|imap|odmr)_bugs_total",service=~"$service"}[1h]))`,
              legend: '',
            },
          ],
        },
        {
          title: 'Youngest',
          doc: 'How long ago a process was started last. A small figure that stays small is one that dies again and again.',
          unit: 's',
          kind: 'figure',
          queries: [{ expr: `min(time() - cartero_process_start_time_seconds${OF})`, legend: '' }],
        },
      ],
    },
    {
      title: 'Processes',
      panels: [
        {
          title: 'Processor time',
          doc: 'Seconds a second; an agent uses one core for its protocol.',
          unit: 'percentunit',
          kind: 'lines',
          queries: [
            {
              expr: `rate(cartero_process_cpu_seconds_total${OF}[$__rate_interval])`,
              legend: '{{service}} {{instance}}',
            },
          ],
        },
        {
          title: 'Memory',
          doc: 'Resident.',
          unit: 'bytes',
          kind: 'lines',
          queries: [
            { expr: `cartero_process_resident_memory_bytes${OF}`, legend: '{{service}} {{instance}}' },
          ],
        },
        {
          title: 'Event loop, 99 of 100',
          doc: 'How long timers were kept waiting. Above a tenth of a second, sessions feel it.',
          unit: 's',
          kind: 'lines',
          queries: [
            {
              expr: 'cartero_event_loop_delay_seconds{quantile="0.99",service=~"$service"}',
              legend: '{{service}} {{instance}}',
            },
          ],
        },
        {
          title: 'Bugs',
          doc: 'Errors nobody foresaw.',
          unit: 'short',
          kind: 'lines',
          queries: ['mta', 'mta_relay', 'mta_turn', 'msa', 'mda', 'imap', 'odmr'].map((room) => ({
            expr: `sum(increase(cartero_${room}_bugs_total${OF}[$__rate_interval]))`,
            legend: room,
          })),
        },
        {
          title: 'Sessions opened',
          doc: 'At each kind of door.',
          unit: 'ops',
          kind: 'lines',
          queries: [
            ['mta', 'from other hosts'],
            ['msa', 'submission'],
            ['imap', 'IMAP'],
            ['odmr', 'on-demand relay'],
          ].map(([room, legend = '']) => ({
            expr: `sum(rate(cartero_${room}_sessions_total${OF}[$__rate_interval]))`,
            legend,
          })),
        },
        {
          title: 'Logins',
          doc: 'At each kind of door, by what came of them.',
          unit: 'ops',
          kind: 'lines',
          queries: ['msa', 'imap', 'odmr'].map((room) => ({
            expr: `sum by (outcome) (rate(cartero_${room}_authentications_total${OF}[$__rate_interval]))`,
            legend: `${room} {{outcome}}`,
          })),
        },
      ],
    },
  ],
}
