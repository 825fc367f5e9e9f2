import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MailHost } from '@cartero/routing'

import { linesOf } from './cli/explain.ts'
import { conclusionsOf, type Circumstances } from './explain-conclusions.ts'
import type { CustomerExplained } from './explain-customers.ts'
import type { Explanation, WayExplained } from './explain-verbs.ts'

const HOST: MailHost = {
  name: 'mx1.far.example',
  port: 25,
  preference: 10,
  addresses: ['192.0.2.1'],
  isValidated: true,
}

type Demands = NonNullable<WayExplained['tls']>['demands']

function way(demands: Demands, more: Partial<WayExplained> = {}): WayExplained {
  const hosts = demands.map((_, i) => ({ ...HOST, name: `mx${i + 1}.far.example` }))
  return {
    recipient: 'tim@far.example',
    destination: 'far.example',
    by: 'dns',
    mode: 'send',
    hosts: { kind: 'hosts', hosts, by: 'mx', steps: [] },
    tls: { type: 'tlsa', text: [], steps: [], isTestingOnly: false, hosts: demands.map(() => ''), demands },
    ...more,
  }
}

const none = (status: `${4 | 5}.${number}.${number}`, reason: string): Partial<WayExplained> => ({
  hosts: { kind: 'none', status, reason, by: 'mx', steps: [] },
})

const TAKEN: Circumstances = { refusal: undefined, routesOut: true }

function concluded(ways: readonly WayExplained[], more: Partial<Explanation> = {}, how = TAKEN) {
  const told = {
    address: 'tim@far.example',
    verdict: 'notOurs',
    mailboxes: [],
    customers: [],
    ways,
    ...more,
  } as const
  return conclusionsOf(told, how)
}

const LATER = { status: '4.7.5', reason: 'the DNS does not say' }
const NEVER = { status: '5.7.10', reason: 'the mail requires TLS' }

test('what would become of mail that goes elsewhere is one sentence, whatever stands in its way', () => {
  for (const [ways, sentence] of [
    [[way(['dane'])], 'would be sent to mx1.far.example under TLS (dane)'],
    [[way(['none'], { login: 'us' })], 'would be sent to mx1.far.example without TLS, logged in as us'],
    [[way([LATER, 'encrypt'])], 'would be sent to mx2.far.example under TLS'],
    [[way([NEVER, LATER])], 'would wait: 4.7.5 the DNS does not say'],
    [[way([NEVER])], 'would be given back at once: 5.7.10 the mail requires TLS'],
    [
      [way([], none('5.1.10', 'far.example takes no mail'))],
      'would be given back at once: 5.1.10 far.example takes no mail',
    ],
    [[way([], none('4.4.3', 'no answer'))], 'would wait: 4.4.3 no answer'],
    [[way(['dane'], { mode: 'hold' })], 'would be held until an operator releases it (relay.mode)'],
    [
      [{ recipient: 'tim@far.example', by: 'rule', mode: 'refuse' }],
      'would be given back at once: a rule lets nobody write there',
    ],
  ] satisfies [WayExplained[], string][])
    assert.deepEqual(concluded(ways), [sentence])
})

test('what the door refuses is not said to be sent', () => {
  const refusal = { code: 550, status: '5.2.1', lines: ['Mailbox disabled'] }
  assert.deepEqual(concluded([way(['dane'])], {}, { ...TAKEN, refusal }), [
    'would be refused at RCPT: 550 5.2.1 Mailbox disabled',
  ])
  assert.match(
    concluded([way(['dane'])], {}, { ...TAKEN, routesOut: false })[0]!,
    /^would be refused at RCPT/,
  )
})

test('an alias that leads here and elsewhere has a sentence for each', () => {
  const mailboxes = [{ account: 'bob@here.example' }]
  assert.deepEqual(
    concluded([way(['encrypt'])], { address: 'all@here.example', verdict: 'mailbox', mailboxes }),
    [
      'would be delivered to the mailbox bob@here.example',
      'would go on to tim@far.example, and would be sent to mx1.far.example under TLS',
    ],
  )
})

const CUSTOMER: CustomerExplained = {
  recipient: 'tim@home.example',
  destination: 'odmr home.example',
  account: 'fetch@home.example',
  quota: 1_000,
  octets: 999,
  deliveries: 2,
  keepSeconds: 86_400,
}

test('what waits for a customer is said to wait, for whom, and that no more may wait than there is room for', () => {
  const own = { address: 'tim@home.example', verdict: 'customer', customers: [CUSTOMER] } as const
  assert.deepEqual(concluded([], own), ['would wait for fetch@home.example to come for it (ATRN)'])
  assert.deepEqual(concluded([], { ...own, address: 'all@here.example', verdict: 'mailbox' }), [
    'would go on to tim@home.example, and wait for fetch@home.example to come for it (ATRN)',
  ])
  const full = [{ ...CUSTOMER, octets: 1_000 }]
  assert.match(concluded([], { ...own, customers: full })[0]!, /^would be refused at RCPT for now: .*quota/)
  const gone = [{ ...CUSTOMER, account: '' }]
  assert.match(concluded([], { ...own, customers: gone })[0]!, /^would wait for nobody/)
})

test('who last came for the mail of a customer is told', () => {
  const lastTurn = { at: 0, account: 'fetch@home.example', peer: '192.0.2.7', messages: 3, how: 'complete' }
  const told = {
    address: 'tim@home.example',
    verdict: 'customer',
    mailboxes: [],
    customers: [{ ...CUSTOMER, lastTurn }],
    ways: [],
    conclusions: [''],
  } as const
  const lines = linesOf(told, 120_000).join('\n')
  assert.match(lines, /tim@home\.example waits here until its customer comes for it/)
  assert.match(lines, /kept for fetch@home\.example, given back after 1d/)
  assert.match(lines, /waiting: 2 deliveries, 999 of 1\.0K octets/)
  assert.match(lines, /last taken 2m ago by fetch@home\.example from 192\.0\.2\.7: 3 deliveries, complete/)
})

test('who waits for a certificate that is not trusted is told where trust is configured', () => {
  const lines = (reason: string): string => {
    const waiting = { deliveries: 1, octets: 1234, reason, nextTry: 60_000 }
    const ways = [way(['verify'], { waiting })]
    const told = {
      address: 'tim@far.example',
      verdict: 'notOurs',
      mailboxes: [],
      customers: [],
      ways,
      conclusions: [''],
    } as const
    return linesOf(told, 0).join('\n')
  }
  assert.match(
    lines('mx1: its certificate is self-signed (DEPTH_ZERO_SELF_SIGNED_CERT)'),
    /relay\.tls\.authorities/,
  )
  assert.doesNotMatch(lines('mx1: its certificate has expired (CERT_HAS_EXPIRED)'), /authorities/)
  assert.match(lines('x'), /waiting: 1 delivery, 1\.2K octets, next try in 1m/)
})
