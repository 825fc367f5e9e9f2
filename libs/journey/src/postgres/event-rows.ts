import { hash } from 'node:crypto'

import { eachKey, foldKey } from '../event-keys.ts'
import type { JourneyEvent } from '../ports.ts'
import { EVENT_COSTS, KEY_COSTS, MOST_EVENT_OCTETS, MOST_KNOWN_KEYS } from './limits.ts'

/** An event as it is kept. */
export interface EventRow {
  readonly at: number
  /** The same of events that are the same; octets, as Postgres writes them in an array. */
  readonly identity: string
  readonly line: string
  /** Hashes of its keys, each once. */
  readonly keys: readonly bigint[]
  readonly octets: number
}

/** Octets of an identity: nobody meets another one of 128 bits by chance. */
const IDENTITY_OCTETS = 16

/** Undefined when JSON cannot hold it, or it is too large, or of no time. */
export function eventRow(event: JourneyEvent): EventRow | undefined {
  const line = lineOf(event)
  if (line === undefined || !Number.isSafeInteger(Math.floor(event.at))) return undefined
  const octets = Buffer.byteLength(line)
  if (octets > MOST_EVENT_OCTETS) return undefined
  const keys = keysOf(event)
  return {
    at: Math.floor(event.at),
    identity: `"\\\\x${hash('sha256', line, 'hex').slice(0, 2 * IDENTITY_OCTETS)}"`,
    line,
    keys,
    octets: octets + EVENT_COSTS + keys.length * KEY_COSTS,
  }
}

/** What an event is found by. */
export function keysOf(event: JourneyEvent): readonly bigint[] {
  const keys = new Set<string>()
  eachKey(event, (key) => keys.add(key))
  return [...keys].map(hashOf)
}

/** @param key as somebody writes it; undefined when it is none */
export function keyOf(key: string): bigint | undefined {
  const folded = foldKey(key)
  return folded === '' ? undefined : hashOf(folded)
}

/** Hashes of keys that came lately: many events are of the same few people. */
const known = new Map<string, bigint>()

function hashOf(key: string): bigint {
  const found = known.get(key)
  if (found !== undefined) return found
  const hashed = hash('sha256', key, 'buffer').readBigInt64BE(0)
  if (known.size >= MOST_KNOWN_KEYS) known.clear()
  known.set(key, hashed)
  return hashed
}

function lineOf(event: JourneyEvent): string | undefined {
  try {
    // JSON writes NUL and half characters in ASCII, so that any text can be kept.
    return JSON.stringify(event)
  } catch {
    return undefined
  }
}
