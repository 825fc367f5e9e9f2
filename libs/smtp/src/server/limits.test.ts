import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_LIMITS, type SmtpServerLimits } from './limits.ts'

/** What every server must bear with; less would refuse what the standard lets clients do. */
const STANDARD: Partial<Record<keyof SmtpServerLimits, number>> = {
  // RFC 5321 §4.5.3.1.7
  messageSize: 64 * 1024,
  // RFC 5321 §4.5.3.1.4
  commandLine: 512,
  // RFC 4954 §4
  authLine: 12_288,
  // RFC 5321 §4.5.3.1.8
  recipients: 100,
  // RFC 5321 §4.5.3.2.7
  commandPatience: 300_000,
  // RFC 5321 §4.5.3.2.5: what a client has for a block, a server has, too
  dataPatience: 180_000,
}

test('no limit is narrower than the standard allows', () => {
  for (const [name, least] of Object.entries(STANDARD))
    assert.ok(DEFAULT_LIMITS[name as keyof SmtpServerLimits] >= least, name)
})

test('nobody is made to wait beyond the patience of his own clock', () => {
  // RFC 5321 §4.5.3.2.1, RFC 5321 §4.5.3.2.3: a client gives a greeting and an answer to RCPT five minutes
  assert.ok(DEFAULT_LIMITS.greetingDelay < 300_000)
  assert.ok(DEFAULT_LIMITS.errorDelay < 300_000)
  assert.ok(DEFAULT_LIMITS.authFailureDelay * DEFAULT_LIMITS.authFailures < 300_000)
})
