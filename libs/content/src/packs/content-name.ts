import { randomBytes } from 'node:crypto'

import type { Clock } from '@cartero/wire'

import type { ContentId } from '../ports.ts'

/** Milliseconds since the epoch in base 36, until the year 5188. */
const TIME_DIGITS = 9
/** Names of two processes never meet: 41 bits that each draws. */
const PROCESS_DIGITS = 8
const COUNT_DIGITS = 5
const PACK_DIGITS = TIME_DIGITS + PROCESS_DIGITS + COUNT_DIGITS

const PACKED = /^([0-9a-z]{22})\.([0-9a-z]{1,6})\.([0-9a-z]{1,6})\.([0-9a-z]{1,7})$/
const PARTED = /^([0-9a-z]{22})\.p([0-9a-z]{1,6})\.([0-9a-z]{1,9})$/
const PACK = /^[0-9a-z]{22}(?=\.|$)/

/** A content that shares its pack: `pack.offset.size.checksum`. */
export interface PackedName {
  readonly kind: 'packed'
  readonly pack: string
  readonly offset: number
  readonly size: number
  /** CRC-32 of the octets. */
  readonly checksum: number
}

/** A content in objects of its own, `pack.0`, `pack.1`, each of `part` octets but the last: `pack.p<part>.size`. */
export interface PartedName {
  readonly kind: 'parted'
  readonly pack: string
  readonly part: number
  readonly size: number
}

/** What a ContentId says, so that neither size nor place needs a look-up. Numbers are in base 36. */
export type ContentName = PackedName | PartedName

export function formatName(name: ContentName): ContentId {
  const words =
    name.kind === 'packed'
      ? [name.pack, digits(name.offset), digits(name.size), digits(name.checksum)]
      : [name.pack, `p${digits(name.part)}`, digits(name.size)]
  return words.join('.') as ContentId
}

/** Undefined for what no store of packs has named. */
export function parseName(id: string): ContentName | undefined {
  const packed = PACKED.exec(id)
  if (packed !== null) {
    const [, pack = '', offset, size, checksum] = packed
    return { kind: 'packed', pack, offset: number(offset), size: number(size), checksum: number(checksum) }
  }
  const parted = PARTED.exec(id)
  if (parted === null) return undefined
  const [, pack = '', part, size] = parted
  return number(part) > 0 ? { kind: 'parted', pack, part: number(part), size: number(size) } : undefined
}

/** What all ids of one pack begin with. */
export function prefixOf(pack: string): string {
  return `${pack}.`
}

export function partName(pack: string, part: number): string {
  return `${pack}.${digits(part)}`
}

/** What is left of a pack that was made smaller. */
export function remnantName(pack: string): string {
  return `${pack}.kept`
}

/** To which pack an object belongs; undefined for an object that is none of ours. */
export function packOf(object: string): string | undefined {
  return PACK.exec(object)?.[0]
}

/** When a pack was named: milliseconds since the epoch. */
export function timeOf(pack: string): number {
  return parseInt(pack.slice(0, TIME_DIGITS), 36)
}

/** Makes names that sort by time, and that nobody else makes. */
export class PackNames {
  readonly #clock: Clock
  readonly #process = (randomBytes(6).readUIntBE(0, 6) % 36 ** PROCESS_DIGITS)
    .toString(36)
    .padStart(PROCESS_DIGITS, '0')
  #count = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  next(): string {
    this.#count = (this.#count + 1) % 36 ** COUNT_DIGITS
    const time = digits(this.#clock.now()).padStart(TIME_DIGITS, '0')
    return `${time}${this.#process}${digits(this.#count).padStart(COUNT_DIGITS, '0')}`.slice(0, PACK_DIGITS)
  }
}

function digits(value: number): string {
  return value.toString(36)
}

function number(word: string | undefined): number {
  return parseInt(word ?? '', 36)
}
