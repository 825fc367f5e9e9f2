import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { pattern } from '../src/compliance/content-store.ts'
import { ContentStoreError, type ContentId } from '../src/index.ts'
import { SegmentContentLog, type Damage } from '../src/segments/index.ts'
import { seeded, SimulatedDisk } from './simulated-disk.ts'

const RUNS = Number(process.env['CARTERO_POWER_RUNS'] ?? 20)

interface Kept {
  readonly id: ContentId
  readonly size: number
  readonly seed: number
  /** Its owner has stored the reference; before that only the pin protects it. */
  isReferred: boolean
}

/** Of one run: whoever still waits in an earlier one must not wake up in the next. */
interface Power {
  readonly isOn: boolean
}

/** One life of a store: several writers and a reclaimer until the power is cut, then a new store over what is left. */
class Life {
  readonly random: (below: number) => number
  readonly disk: SimulatedDisk
  /** By label. */
  readonly kept = new Map<string, Kept>()
  /** Labels that a scan must find. */
  readonly unforgotten = new Set<string>()
  readonly damages: Damage[] = []
  #written = 0
  /** The disk is nearly full: drafts are refused, and the open segment may be given up. */
  #isLow = false

  constructor(seed: number) {
    this.random = seeded(seed)
    this.disk = new SimulatedDisk(this.random)
  }

  open(): Promise<SegmentContentLog> {
    this.#isLow = false
    const freeOctets = async () => (this.#isLow ? 2_000_000 : Infinity)
    return SegmentContentLog.open({
      directory: '/store',
      segmentOctets: 200_000,
      fileSystem: { ...this.disk.mount(), freeOctets },
      report: (damage) => this.damages.push(damage),
    })
  }

  /** Runs writers, and sometimes a reclaimer, until the power is cut after so many operations. */
  async run(log: SegmentContentLog, operations: number): Promise<void> {
    const power = { isOn: true }
    const cut = new Promise<void>((resolve) => {
      this.disk.onCut = () => {
        power.isOn = false
        resolve()
      }
    })
    this.disk.operationsLeft = operations
    const busy = Array.from({ length: 1 + this.random(5) }, () => this.#write(log, power))
    if (this.random(3) > 0) busy.push(this.#reclaim(log, power))
    await Promise.race([cut, Promise.all(busy)])
    this.disk.restart()
  }

  async #write(log: SegmentContentLog, power: Power): Promise<void> {
    const pause = this.random(2) === 0 ? 0 : this.random(60)
    while (power.isOn) {
      await turns(1)
      await this.#writeOne(log, power, pause).catch((error: unknown) => {
        if (!(error instanceof ContentStoreError) || error.fault !== 'full') throw error
      })
    }
  }

  async #writeOne(log: SegmentContentLog, power: Power, pause: number): Promise<void> {
    const seed = (this.#written += 1)
    const size = this.random(10) === 0 ? 140_000 + this.random(200_000) : this.random(9_000)
    const octets = pattern(size, seed)
    const draft = log.begin()
    for (let at = 0; at < size; at += 50_000) {
      try {
        await draft.write(Buffer.from(octets.subarray(at, at + 50_000)))
      } catch (error) {
        draft.abort()
        throw error
      }
      await turns(pause)
    }
    if (this.random(12) === 0) {
      draft.abort()
      return
    }
    const label = `label ${seed}`
    const id = await draft.commit(Buffer.from(label))
    if (!power.isOn) return
    this.kept.set(label, { id, size, seed, isReferred: false })
    this.unforgotten.add(label)
  }

  async #reclaim(log: SegmentContentLog, power: Power): Promise<void> {
    while (power.isOn) {
      await turns(30)
      this.#isLow = this.random(2) === 0
      const spared = this.random(3) === 0 ? 1 : 4
      for (const [label, kept] of this.kept) {
        if (kept.isReferred && this.random(spared) === 0) this.kept.delete(label)
        kept.isReferred = true
        log.unpin(kept.id)
      }
      this.unforgotten.clear()
      log.forgetLabelsBefore(log.end)
      const referenced = async () => this.kept.values().flatMap((kept) => (kept.isReferred ? [kept.id] : []))
      const running = log.reclaim([{ referenced }], new AbortController().signal)
      // Low until the round has looked, so that others write while it goes on.
      await turns(this.random(40))
      this.#isLow = false
      await running
    }
  }

  /** What was kept is there, as it was. Whoever finds it by its label refers to it from then on. */
  async check(log: SegmentContentLog): Promise<void> {
    const found = new Map<string, ContentId>()
    for await (const { label, id } of log.scan()) found.set(label.toString(), id)
    for (const [label, kept] of this.kept) {
      const { id, size, seed } = kept
      assert.ok(pattern(size, seed).equals(await log.read(id)), `octets of ${label}`)
      kept.isReferred = true
    }
    for (const label of this.unforgotten) assert.equal(found.get(label), this.kept.get(label)?.id, label)
    assert.deepEqual(this.damages, [])
  }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

describe('power loss', () => {
  it(`loses nothing that was committed, and takes no torn tail for damage (${RUNS} lives)`, async () => {
    for (let seed = 1; seed <= RUNS; seed++) {
      const life = new Life(seed)
      let log = await life.open()
      for (let cut = 0; cut < 3; cut++) {
        await life.run(log, 1 + life.random(300))
        log = await life.open()
        try {
          await life.check(log)
        } catch (error) {
          throw new Error(`life ${seed}, cut ${cut}`, { cause: error })
        }
      }
    }
  })
})
