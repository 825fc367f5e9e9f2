import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_PATIENCE, type ClientPatience } from './limits.ts'

/** Minutes. */
// RFC 5321 §4.5.3.2
const STANDARD: Partial<Record<keyof ClientPatience, number>> = {
  greeting: 5,
  mail: 5,
  rcpt: 5,
  data: 2,
  block: 3,
  endOfData: 10,
  // RFC 2645 §5.2.1
  atrn: 10,
}

test('nobody is given up sooner than the standard allows', () => {
  for (const [name, minutes] of Object.entries(STANDARD)) {
    assert.ok(DEFAULT_PATIENCE[name as keyof ClientPatience] >= minutes * 60_000, name)
  }
})
