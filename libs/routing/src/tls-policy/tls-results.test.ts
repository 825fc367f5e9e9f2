import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '@cartero/wire'
import type { TlsResult } from '../ports.ts'
import {
  DAYS_KEPT,
  MAX_FAILURE_DETAILS,
  MAX_POLICY_TEXT,
  MAX_REPORTED_POLICIES,
  MAX_REPORTED_TEXT,
  TlsResults,
} from './tls-results.ts'

const DAY_MS = 86_400_000
const POLICY = ['version: STSv1', 'mode: testing', 'mx: mx.example.com', 'mx: *.example.net', 'max_age: 60']

function result(more: Partial<TlsResult> = {}): TlsResult {
  const policy = { type: 'sts', text: POLICY, isTestingOnly: true } as const
  return { domain: 'example.com', policy, host: 'mx.example.com', ...more }
}

test('sessions of a day are counted by domain and policy, in the form of the reports', () => {
  const results = new TlsResults(new ManualClock(Date.UTC(2026, 0, 1)))
  const expired = { failure: 'certificate-expired', detail: 'CERT_HAS_EXPIRED' } as const
  const addresses = { hostAddress: '192.0.2.1', sourceAddress: '198.51.100.1' }
  results.tell(result())
  results.tell(result({ ...expired, ...addresses }))
  results.tell(result({ ...expired, ...addresses }))
  results.tell(result({ failure: 'starttls-not-supported', host: 'mx2.example.net' }))
  const none = { type: 'no-policy-found', text: [], isTestingOnly: false } as const
  results.tell(result({ domain: 'other.example', policy: none }))
  assert.deepEqual(JSON.parse(JSON.stringify(results.of('2026-01-01'))), [
    {
      policy: {
        'policy-type': 'sts',
        'policy-string': POLICY,
        'policy-domain': 'example.com',
        'mx-host': ['mx.example.com', '*.example.net'],
      },
      summary: { 'total-successful-session-count': 1, 'total-failure-session-count': 3 },
      'failure-details': [
        {
          'result-type': 'certificate-expired',
          'sending-mta-ip': '198.51.100.1',
          'receiving-mx-hostname': 'mx.example.com',
          'receiving-ip': '192.0.2.1',
          'failure-reason-code': 'CERT_HAS_EXPIRED',
          'failed-session-count': 2,
        },
        {
          'result-type': 'starttls-not-supported',
          'receiving-mx-hostname': 'mx2.example.net',
          'failed-session-count': 1,
        },
      ],
    },
    {
      policy: { 'policy-type': 'no-policy-found', 'policy-domain': 'other.example' },
      summary: { 'total-successful-session-count': 1, 'total-failure-session-count': 0 },
    },
  ])
})

test('DAYS_KEPT: a day that is over is kept for its report, and then forgotten', () => {
  const clock = new ManualClock(Date.UTC(2026, 0, 31, 23, 59))
  const results = new TlsResults(clock)
  results.tell(result())
  clock.advance(60_000)
  results.tell(result())
  assert.deepEqual(results.days, ['2026-01-31', '2026-02-01'])
  clock.advance((DAYS_KEPT - 1) * DAY_MS)
  results.tell(result())
  assert.deepEqual(results.days, ['2026-02-01', '2026-02-02'])
  assert.deepEqual(results.of('2026-01-31'), [])
})

test('MAX_REPORTED_POLICIES: whoever invents domains does not fill the memory', () => {
  const results = new TlsResults(new ManualClock(Date.UTC(2026, 0, 1)))
  for (let i = 0; i <= MAX_REPORTED_POLICIES; i++) results.tell(result({ domain: `${i}.example` }))
  results.tell(result({ domain: '0.example' }))
  const reports = results.of('2026-01-01')
  assert.equal(reports.length, MAX_REPORTED_POLICIES)
  assert.equal(reports[0]?.summary['total-successful-session-count'], 2)
})

test('MAX_FAILURE_DETAILS: failures without end are counted, and not all told', () => {
  const results = new TlsResults(new ManualClock(Date.UTC(2026, 0, 1)))
  for (let i = 0; i <= MAX_FAILURE_DETAILS; i++) {
    results.tell(result({ failure: 'validation-failure', host: `${i}.example` }))
  }
  const [report] = results.of('2026-01-01')
  assert.equal(report?.summary['total-failure-session-count'], MAX_FAILURE_DETAILS + 1)
  assert.equal(report?.['failure-details']?.length, MAX_FAILURE_DETAILS)
})

test('MAX_POLICY_TEXT: a policy that is a book, and another one each time, is counted and not kept', () => {
  const results = new TlsResults(new ManualClock(Date.UTC(2026, 0, 1)))
  for (let i = 0; i < 10; i++) {
    const text = [`3 1 0 ${i}`, 'f'.repeat(MAX_POLICY_TEXT)]
    results.tell(result({ policy: { type: 'tlsa', text, isTestingOnly: false } }))
  }
  const reports = results.of('2026-01-01')
  assert.equal(reports.length, 1)
  assert.equal(reports[0]?.summary['total-successful-session-count'], 10)
  assert.equal(reports[0]?.policy['policy-string'], undefined)
})

test('MAX_REPORTED_TEXT: policies and failures that are long and many do not fill the memory', () => {
  const results = new TlsResults(new ManualClock(Date.UTC(2026, 0, 1)))
  results.tell(result())
  const count = MAX_REPORTED_TEXT / MAX_POLICY_TEXT
  for (let i = 0; i < count; i++) {
    const text = [String(i).padEnd(MAX_POLICY_TEXT, ' ')]
    results.tell(result({ policy: { type: 'tlsa', text, isTestingOnly: false } }))
  }
  for (let i = 0; i < MAX_FAILURE_DETAILS; i++) {
    results.tell(result({ failure: 'validation-failure', host: `${i}.example`, detail: 'x'.repeat(10_000) }))
  }
  const reports = results.of('2026-01-01')
  assert.ok(reports.length < count, `${reports.length} policies`)
  assert.equal(reports[0]?.summary['total-failure-session-count'], MAX_FAILURE_DETAILS)
  assert.ok(JSON.stringify(reports).length < 1.1 * MAX_REPORTED_TEXT)
  assert.ok((reports[0]?.['failure-details']?.length ?? 0) < MAX_FAILURE_DETAILS)
})
