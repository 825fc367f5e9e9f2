import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { WORDS_LIMITS } from '@cartero/smtp/client'
import type { RecipientResult } from '@cartero/spool/notices'
import { REASON_CHARACTERS } from '@cartero/spool/dispatch'
import { CourierStage, type Letter } from './courier-stage.ts'
import { ScriptedServer, type Script } from './scripted-server.ts'

async function resultsOf(script: Script, letter: Letter = {}): Promise<readonly RecipientResult[]> {
  await using server = await ScriptedServer.start(script)
  const stage = new CourierStage([server])
  const feed = stage.feed([await stage.letter(letter)])
  await stage.run(feed)
  return [...feed.ends.values()][0]?.results ?? []
}

const statusOf = (result: RecipientResult | undefined): string =>
  result !== undefined && 'status' in result ? `${result.kind} ${result.status}` : String(result?.kind)

describe('what becomes of a recipient', () => {
  for (const [place, answer, expected] of [
    ['RCPT', '550 5.1.1 no such user', 'failed 5.1.1'],
    ['RCPT', '550 no such user', 'failed 5.1.1'],
    ['RCPT', '550 5.7.1 not from you', 'failed 5.7.1'],
    ['RCPT', '550 4.2.2 who knows', 'failed 5.1.1'],
    ['RCPT', '551 moved', 'failed 5.1.6'],
    ['RCPT', '553 what', 'failed 5.1.3'],
    ['RCPT', '556 none here', 'failed 5.1.10'],
    ['RCPT', '552 too many', 'deferred 4.5.3'],
    ['RCPT', '552 5.5.3 too many', 'deferred 4.5.3'],
    ['RCPT', '552 5.2.2 full', 'failed 5.2.2'],
    ['RCPT', '450 busy', 'deferred 4.2.0'],
    ['RCPT', '450 4.7.1 greylisted', 'deferred 4.7.1'],
    ['RCPT', '451 hm', 'deferred 4.3.0'],
    ['RCPT', '452 too many', 'deferred 4.5.3'],
    ['RCPT', '499 hm', 'deferred 4.0.0'],
    ['RCPT', '599 hm', 'failed 5.0.0'],
    ['MAIL', '452 full', 'deferred 4.3.1'],
    ['MAIL', '552 too large', 'failed 5.3.4'],
    ['MAIL', '550 not you', 'failed 5.7.1'],
    ['MAIL', '553 what', 'failed 5.1.7'],
    ['DATA', '451 not now', 'deferred 4.3.0'],
    ['end', '552 too large', 'failed 5.2.2'],
    ['end', '554 spam', 'failed 5.7.1'],
    ['end', '550 5.7.1 spam', 'failed 5.7.1'],
    ['end', '451 4.3.0 later', 'deferred 4.3.0'],
  ] as const)
    it(`of whom is said ${answer} to ${place} is ${expected}`, async () => {
      const [result] = await resultsOf({ [place]: answer })
      assert.equal(statusOf(result), expected)
      assert.deepEqual(result && 'remote' in result && result.remote, { host: 'mx1.test', reply: answer })
    })

  it('is decided for each by the words that were said of him', async () => {
    const to = ['a@example.net', 'b@example.net', 'c@example.net']
    const results = await resultsOf({ RCPT: ['250 ok', '550 5.1.1 no', '451 4.3.0 later'] }, { to })
    assert.deepEqual(results.map(statusOf), ['passed', 'failed 5.1.1', 'deferred 4.3.0'])
    assert.deepEqual(results[0], {
      kind: 'passed',
      remote: { host: 'mx1.test', reply: '250 2.0.0 taken as X1' },
    })
    assert.deepEqual(results[1], {
      kind: 'failed',
      status: '5.1.1',
      reason: 'mx1.test said to RCPT: 550 5.1.1 no',
      remote: { host: 'mx1.test', reply: '550 5.1.1 no' },
    })
  })

  it('is a relay where nobody answers for what the sender wants to know', async () => {
    const recipients = [{ address: 'bob@example.net', notify: ['success'] as const }]
    const without = await resultsOf({}, { recipients })
    assert.equal(without[0]!.kind, 'relayed')
    const withDsn = await resultsOf({ offers: ['DSN'] }, { recipients })
    assert.equal(withDsn[0]!.kind, 'passed')
    const late = await resultsOf(
      { offers: ['DSN'] },
      { deliverBy: { at: Date.UTC(2027, 0, 1), mode: 'notify', trace: false } },
    )
    assert.equal(late[0]!.kind, 'relayed')
  })

  it('is our own conclusion, without words of the host, where it was not asked', async () => {
    const [result] = await resultsOf({ offers: ['SIZE 10'] })
    assert.deepEqual(result, {
      kind: 'failed',
      status: '5.3.4',
      reason: 'mx1.test: Message exceeds what the peer takes',
    })
  })

  it('is told in the exact words of the host, line by line', async () => {
    const [result] = await resultsOf({
      RCPT: '550-5.1.1 no such user\r\n550-5.1.1 look at\r\n550 5.1.1 https://x.test',
    })
    assert.ok(result?.kind === 'failed')
    assert.equal(result.remote!.reply, '550-5.1.1 no such user\n550-5.1.1 look at\n550 5.1.1 https://x.test')
    assert.equal(result.reason, 'mx1.test said to RCPT: 550 5.1.1 no such user look at https://x.test')
  })

  it('is told in bounded words, however many lines a host says', async () => {
    const lines = Array.from(
      { length: 1_000 },
      (_, i) => `550${i === 999 ? ' ' : '-'}5.1.1 line ${i} ${'x'.repeat(400)}`,
    )
    const [long] = await resultsOf({ RCPT: lines.join('\r\n') })
    assert.ok(long?.kind === 'failed' && long.status === '5.1.1')
    assert.ok(long.remote!.reply.length <= WORDS_LIMITS.characters + 4)
    assert.ok(long.reason.length <= REASON_CHARACTERS + 4)
    const [short] = await resultsOf({ RCPT: lines.map((line) => line.slice(0, 12)).join('\r\n') })
    assert.ok(short?.kind === 'failed')
    const kept = short.remote!.reply.split('\n')
    assert.deepEqual([kept.length, kept.at(-1)], [WORDS_LIMITS.lines + 1, '550 ...'])
  })
})
