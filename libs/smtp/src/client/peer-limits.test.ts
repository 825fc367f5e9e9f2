import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseForwardPath, type ForwardPath } from '../path.ts'
import { peerLimits, split } from './peer-limits.ts'

const path = fc
  .constantFrom('a@one.example', 'b@one.example', 'c@two.example', 'd@three.example', 'Postmaster')
  .map((text) => parseForwardPath(text)!)
const limit = fc.constantFrom(1, 2, 3, Infinity)

const domainOf = (each: ForwardPath): string => (each === 'postmaster' ? '' : each.domain)

test('whatever the limits are, everybody is in one transaction, and none goes beyond them', () => {
  fc.assert(
    fc.property(fc.array(path, { maxLength: 12 }), limit, limit, (paths, recipients, domains) => {
      const chosen = [...paths.keys()]
      const parts = split(chosen, paths, { recipients, domains, transactions: Infinity })
      assert.deepEqual(
        parts.flat().toSorted((a, b) => a - b),
        chosen,
      )
      for (const part of parts) {
        assert.ok(part.length > 0 && part.length <= recipients)
        assert.ok(new Set(part.map((i) => domainOf(paths[i]!))).size <= domains)
      }
    }),
    { numRuns: 500 },
  )
})

test('limits are read whatever their case, and from what TLS or a new EHLO says alone', () => {
  const offer = new Map([['LIMITS', 'mailmax=5 RCPTMAX=1000000 RcptDomainMax=1']])
  assert.deepEqual(peerLimits(offer), { transactions: 5, recipients: Infinity, domains: 1 })
  assert.deepEqual(peerLimits(new Map()), { transactions: Infinity, recipients: Infinity, domains: Infinity })
})
