import { JourneyEvents } from '@cartero/contracts/events'

import type { JourneyEvent } from '../ports.ts'

/** An event in the form that it travels in. */
export interface EncodedEvent {
  readonly at: bigint
  readonly event: string
  readonly agent: string
  readonly fields: string
}

/** Undefined when JSON cannot hold it. */
export function encodeEvent({ at, event, agent, fields }: JourneyEvent): EncodedEvent | undefined {
  try {
    return { at: BigInt(Math.trunc(at)), event, agent, fields: JSON.stringify(fields) }
  } catch {
    return undefined
  }
}

export function encodeEvents(events: readonly EncodedEvent[]): Uint8Array {
  return JourneyEvents.encode({ events }).finish()
}

/** What can be read of it, and how many cannot. Never throws. */
export function decodeEvents(body: Uint8Array): {
  readonly events: readonly JourneyEvent[]
  readonly unreadable: number
} {
  const events: JourneyEvent[] = []
  let unreadable = 0
  try {
    for (const { at, event, agent, fields } of JourneyEvents.decode(body).events) {
      const parsed = fieldsOf(fields)
      if (parsed === undefined) unreadable++
      else events.push({ at: Number(at), event, agent, fields: parsed })
    }
  } catch {
    unreadable++
  }
  return { events, unreadable }
}

function fieldsOf(text: string): JourneyEvent['fields'] | undefined {
  try {
    const fields = JSON.parse(text) as unknown
    return typeof fields === 'object' && fields !== null && !Array.isArray(fields)
      ? (fields as JourneyEvent['fields'])
      : undefined
  } catch {
    return undefined
  }
}
