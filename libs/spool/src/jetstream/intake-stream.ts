import type { StreamConfig } from '@cartero/bus/nats'

import { ASIDE_LIMITS, INTAKE_LIMITS } from './limits.ts'

export interface IntakeStreamOptions {
  /** Servers of the broker that have every message before it is acknowledged. One is for a broker that is one server. */
  readonly replicas?: number
  /** Octets that may wait to be taken in; then edges answer 452. */
  readonly maxOctets?: number
  /** Of several spools, which: capital letters and digits. Each has a stream of its own. */
  readonly shard?: string
}

/** The stream by which mail goes from the edges to the spool of a shard: both ends ask for the same. */
export function intakeStream(options: IntakeStreamOptions = {}): StreamConfig {
  const { replicas = 3, maxOctets = INTAKE_LIMITS.stream, shard } = options
  return {
    name: shard === undefined ? 'INTAKE' : `INTAKE_${shard}`,
    subjects: [`${subjectOf(shard)}.>`],
    keeps: 'untilTaken',
    whenFull: 'refuse',
    replicas,
    maxOctets,
    maxMessageOctets: 1024 * 1024,
    duplicateWindow: INTAKE_LIMITS.duplicates,
    isSynced: true,
  }
}

/** What of it nobody could read, for an operator to look at: nothing is thrown away. */
export function asideStream({ replicas = 3, shard }: IntakeStreamOptions = {}): StreamConfig {
  return {
    name: shard === undefined ? 'INTAKE_ASIDE' : `INTAKE_ASIDE_${shard}`,
    subjects: [asideSubject(shard)],
    keeps: 'untilOld',
    whenFull: 'dropOldest',
    replicas,
    maxOctets: ASIDE_LIMITS.octets,
    maxMessageOctets: 1024 * 1024,
    maxAge: ASIDE_LIMITS.age,
    duplicateWindow: INTAKE_LIMITS.duplicates,
    isSynced: true,
  }
}

/** Where edges write; the last word has room for urgency. */
export function handoverSubject(shard?: string): string {
  return `${subjectOf(shard)}.mail`
}

export function asideSubject(shard?: string): string {
  return `intake-aside.${shard ?? 'main'}`
}

function subjectOf(shard: string | undefined): string {
  return `intake.${shard ?? 'main'}`
}
