import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { COSTS, MEASURED, TEN_MILLION } from './figures.ts'
import { planFor } from './plan.ts'
import { simulate, type Scenario } from './simulation.ts'

const HOPS = [
  { name: 'intake', capacity: 300, room: 30_000 },
  { name: 'spool', capacity: 250, room: Number.POSITIVE_INFINITY },
]
const QUIET: Scenario = { rate: 100, peak: 2, seconds: 86_400, hops: HOPS, outages: [], retryAfter: 900 }

describe('the plan', () => {
  it('does not forget the reserve: half of what is there would do at the busiest moment', () => {
    const { units, rate } = planFor(TEN_MILLION, MEASURED, COSTS)
    assert.ok(units.mta * MEASURED.mta.rate >= 2 * rate.peak)
    assert.ok((units.mta - 1) * MEASURED.mta.rate < 2 * rate.peak)
  })

  it('grows with the people: nothing of it is a constant that was forgotten', () => {
    const one = planFor(TEN_MILLION, MEASURED, COSTS)
    const two = planFor({ ...TEN_MILLION, mailboxes: 2 * TEN_MILLION.mailboxes }, MEASURED, COSTS)
    for (const unit of ['mta', 'mda', 'imap', 'mailstoreShard'] as const) {
      assert.ok(two.units[unit] >= 2 * one.units[unit] - 1, unit)
    }
    assert.equal(two.octets.content, 2 * one.octets.content)
  })
})

describe('the simulated day', () => {
  it('loses no message, whatever fails', () => {
    for (const left of [0, 0.3, 1]) {
      const outages = ['intake', 'spool'].map((hop) => ({ hop, from: 40_000, until: 47_200, left }))
      const report = simulate({ ...QUIET, outages })
      close(report.accepted, report.delivered + report.underWay)
      close(report.offered, report.accepted + report.toComeAgain)
    }
  })

  it('has the rate as its mean, and the peak at its top', () => {
    const { offered, hops } = simulate(QUIET)
    close(offered, 100 * 86_400)
    const perSecond = (hops[0]?.busiest ?? 0) * 300
    assert.ok(perSecond > 180 && perSecond < 220, `${perSecond} at the top`)
  })

  it('refuses when the first hop is away and full, and takes it when it comes again', () => {
    const away = { hop: 'intake', from: 43_200, until: 44_400, left: 0 }
    const { refusals, accepted, offered, toComeAgain } = simulate({ ...QUIET, outages: [away] })
    assert.ok(refusals > 100_000, `${refusals} refused`)
    close(offered, accepted + toComeAgain)
  })
})

function close(one: number, other: number): void {
  assert.ok(Math.abs(one - other) < 1 + one / 1_000, `${one} is not ${other}`)
}
