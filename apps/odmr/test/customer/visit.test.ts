import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CustomerStage } from './customer-stage.ts'
import {
  answering,
  breakingAfter,
  giving,
  LETTER,
  ScriptedProvider,
  type Scenario,
} from './scripted-provider.ts'

const EXAMPLE_OCTETS = Buffer.byteLength(LETTER)

/** One provider, and one visit to it. */
async function visited(scenario: Scenario) {
  await using edge = await ScriptedProvider.start(scenario)
  await using stage = await CustomerStage.open([{ port: edge.port }])
  const outcome = await stage.fetch()
  return { outcome, report: stage.reports[0]!, heard: edge.heard, lines: stage.ground.lines }
}

describe('a visit', () => {
  test('takes what a provider keeps, and counts it', async () => {
    await using edge = await ScriptedProvider.start(giving(2))
    await using stage = await CustomerStage.open([{ port: edge.port }])
    assert.deepEqual(await stage.fetch(), { kind: 'fetched', messages: 2, octets: 2 * EXAMPLE_OCTETS })
    const kept = await stage.ground.kept()
    assert.deepEqual([kept.octets, kept.envelope.recipients[0]!.address], [LETTER, 'alice@home.test'])
    const { event, provider, outcome, messages, octets, address } = stage.reports[0]!
    assert.deepEqual(
      [event, provider, outcome, messages, octets, address],
      ['odmr.fetch.ended', 'edge', 'fetched', 2, 2 * EXAMPLE_OCTETS, '127.0.0.1'],
    )
    const { text } = await stage.metrics.exposition()
    assert.match(text, /cartero_odmr_fetch_visits_total\{provider="edge",outcome="fetched"\} 1\n/)
    assert.match(text, /cartero_odmr_fetch_messages_total\{provider="edge"\} 2\n/)
    assert.match(
      text,
      new RegExp(`cartero_odmr_fetch_bytes_total\\{provider="edge"\\} ${2 * EXAMPLE_OCTETS}\n`),
    )
    assert.match(text, /cartero_odmr_fetch_last_success_time_seconds\{provider="edge"\} 1767225600\n/)
    assert.match(text, /cartero_odmr_fetch_duration_seconds_count\{provider="edge"\} 1\n/)
  })

  test('asks for the domains that are named, and else for all', async () => {
    await using edge = await ScriptedProvider.start(answering('453 You have no mail'))
    const domains = ['home.test', 'second.test']
    await using stage = await CustomerStage.open([
      { port: edge.port },
      { name: 'named', port: edge.port, domains },
    ])
    await stage.fetch()
    await stage.fetch('named')
    assert.deepEqual(edge.said('ATRN'), ['ATRN', 'ATRN home.test,second.test'])
  })

  test('greets as a server first, offers no TLS there, and tells whom it is connected with', async () => {
    let [greeting, offer] = ['', '']
    await using edge = await ScriptedProvider.start(async (talk) => {
      await talk.open()
      talk.say('250 OK, now reversing the connection')
      greeting = await talk.reply()
      offer = await talk.ask('EHLO edge.test')
      await talk.quit()
    })
    await using stage = await CustomerStage.open([{ port: edge.port }])
    assert.deepEqual(await stage.fetch(), { kind: 'nothing', messages: 0, octets: 0 })
    assert.match(greeting, /^220 home\.test/)
    assert.doesNotMatch(offer, /STARTTLS/)
    const { id, remoteAddress, remotePort, localPort } = stage.turned[0]!
    assert.deepEqual([id, remoteAddress, remotePort], ['fetch-edge-1', '127.0.0.1', edge.port])
    assert.ok(localPort > 0)
  })

  test('relays nothing: what is for others is refused as from any other host', async () => {
    const replies: string[] = []
    const { outcome } = await visited(async (talk) => {
      await talk.turn()
      await talk.ask('MAIL FROM:<bob@elsewhere.test>')
      replies.push(await talk.ask('RCPT TO:<victim@foreign.test>'))
      replies.push(await talk.ask('RCPT TO:<nobody@home.test>'))
      await talk.quit()
    })
    assert.match(replies[0]!, /^550 5\.7\.1 /)
    assert.match(replies[1]!, /^550 5\.1\.1 /)
    assert.deepEqual([outcome.kind, outcome.messages, outcome.refused], ['fetched', 0, 2])
    assert.match(outcome.refusal!, /^550 5\.1\.1 /)
  })

  test('counts no message that was refused', async () => {
    const { outcome } = await visited(async (talk) => {
      await talk.turn()
      await talk.give('alice@home.test', 'Subject: hello\r\n\r\nbare\nline\r\n')
      await talk.give()
      await talk.quit()
    })
    assert.deepEqual([outcome.messages, outcome.octets, outcome.refused], [1, EXAMPLE_OCTETS, 1])
  })
})

describe('what a provider answers to ATRN', () => {
  for (const [line, kind, end, level] of [
    ['453 You have no mail', 'nothing', 'nothing', 'info'],
    ['450 4.7.1 ATRN request refused', 'busy', 'busy', 'warn'],
    ['451 4.3.0 Unable to process ATRN request now', 'busy', 'busy', 'warn'],
    ['421 edge.test shutting down', 'busy', 'busy', 'warn'],
    ['500 5.5.1 What?', 'failed', 'refused', 'error'],
    ['502 5.5.1 Command not implemented', 'failed', 'refused', 'error'],
    ['503 5.5.1 Bad sequence', 'failed', 'refused', 'error'],
    ['530 5.7.0 Authentication required', 'failed', 'refused', 'error'],
    ['550 5.7.1 Not yours', 'failed', 'refused', 'error'],
    ['220 Well', 'failed', 'broken', 'warn'],
    ['354 Go on', 'failed', 'broken', 'warn'],
    ['99 bottles', 'failed', 'broken', 'warn'],
  ] as const) {
    test(`${line}: ${end}`, async () => {
      const { outcome, report } = await visited(answering(line))
      assert.deepEqual([outcome.kind, report['outcome'], report['level']], [kind, end, level])
      const reason = String(outcome.reason)
      if (end === 'nothing') assert.equal(outcome.reason, undefined)
      else assert.match(reason, end === 'broken' ? /not understood/ : new RegExp(line.slice(0, 9)))
      assert.equal(report['hint'] !== undefined, end === 'refused')
    })
  }
})

describe('a provider that', () => {
  const early: readonly (readonly [string, Scenario, string])[] = [
    ['sends us away at once', async (talk) => (talk.say('554 5.7.1 Not you'), talk.bye()), 'refused'],
    ['is full', async (talk) => (talk.say('421 4.3.2 Later'), talk.gone()), 'busy'],
    ['drops before it greets', async (talk) => talk.drop(), 'broken'],
    ['drops at EHLO', async (talk) => (talk.say('220 hi'), await talk.hear(), talk.drop()), 'broken'],
    ['drops at AUTH', async (talk) => (await talk.greet(), await talk.hear(), talk.drop()), 'broken'],
    ['drops at ATRN', async (talk) => (await talk.open(), talk.drop()), 'broken'],
    ['speaks no SMTP', async (talk) => (talk.say('HTTP/1.1 400 Bad Request'), talk.gone()), 'broken'],
    ['has a line without end', async (talk) => (talk.write('2'.repeat(300_000)), talk.gone()), 'broken'],
    [
      'greets without end',
      async (talk) => (talk.write('220-more\r\n'.repeat(20_000)), talk.gone()),
      'broken',
    ],
    [
      'says 250 and goes on to speak before it was greeted',
      async (talk) => {
        await talk.open()
        talk.say('250 OK, now reversing the connection', 'MAIL FROM:<bob@elsewhere.test>')
        await talk.gone()
      },
      'broken',
    ],
    [
      'says 250 and drops',
      async (talk) => {
        await talk.open()
        talk.say('250 OK, now reversing the connection')
        await talk.reply()
        talk.drop()
      },
      'cutOff',
    ],
    ['drops after MAIL', breakingAfter(0), 'cutOff'],
  ]
  for (const [what, scenario, end] of early) {
    test(`${what} brings nothing, and nothing breaks: ${end}`, async () => {
      const { outcome, report } = await visited(scenario)
      assert.deepEqual([outcome.messages, report['outcome']], [0, end])
      assert.ok(String(outcome.reason).length < 450)
    })
  }

  test('says 250 and then garbage is made to wait, and sent away', async () => {
    await using edge = await ScriptedProvider.start(async (talk) => {
      await talk.turn()
      for (let i = 0; i < 30; i++) talk.say('\u00ff\u0000garbage')
      await talk.gone()
    })
    const patient = { opening: 1e9, turn: 1e9, idle: 1e9, visit: 1e9 }
    await using stage = await CustomerStage.open([{ port: edge.port }], { limits: patient })
    const outcome = await stage.withTime(1_000, stage.fetch())
    assert.match(outcome.reason!, /was sent away in the middle/)
    assert.equal(stage.reports[0]!['outcome'], 'cutOff')
  })

  test('drops in the middle of a message keeps that one, and what was acknowledged is ours', async () => {
    const { outcome } = await visited(async (talk) => {
      await talk.turn()
      await talk.give()
      await talk.ask('MAIL FROM:<bob@elsewhere.test>')
      await talk.ask('RCPT TO:<alice@home.test>')
      await talk.ask('DATA')
      talk.write('Subject: half')
      talk.drop()
    })
    assert.deepEqual([outcome.kind, outcome.messages], ['failed', 1])
    assert.match(outcome.reason!, /broke off in the middle/)
  })
})

test('nobody is fetched from who is not configured, and it is said who is', async () => {
  await using stage = await CustomerStage.open([{ port: 1 }])
  await assert.rejects(stage.fetch('egde'), (error: Error & { remedy?: string }) => {
    assert.match(error.message, /egde/)
    assert.match(error.remedy!, /edge/)
    return true
  })
})

test('a provider that cannot be reached, or found, is said to be so', async () => {
  await using stage = await CustomerStage.open(
    [
      { name: 'closed', port: 1 },
      { name: 'nowhere', host: 'nowhere.test', port: 1 },
      { name: 'unknown', host: 'unknown.test', port: 1 },
    ],
    {
      addressesOf: async (host) => {
        if (host === 'unknown.test') throw new Error('no answer from the name servers')
        return []
      },
    },
  )
  const closed = await stage.fetch('closed')
  assert.match(closed.reason!, /cannot connect to 127\.0\.0\.1 port 1: it refused \(ECONNREFUSED\)/)
  assert.match((await stage.fetch('nowhere')).reason!, /it has no address/)
  assert.match((await stage.fetch('unknown')).reason!, /cannot find unknown\.test: no answer/)
  assert.deepEqual(
    stage.reports.map(({ outcome }) => outcome),
    ['unreachable', 'unreachable', 'unreachable'],
  )
})

test('a provider is called where the resolver says that it is', async () => {
  await using edge = await ScriptedProvider.start(giving(1))
  await using stage = await CustomerStage.open([{ host: 'edge.test', port: edge.port }], {
    addressesOf: async () => ['127.0.0.1'],
  })
  assert.equal((await stage.fetch()).messages, 1)
})
