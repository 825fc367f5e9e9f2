import { foldKey } from './event-keys.ts'
import type { Journal, JournalQuestion, JourneyEvent } from './ports.ts'

/** Events in which messages are looked for: an address may be in a million. */
export const MOST_SEARCHED_EVENTS = 2_000
/** Events of one message. A message to a thousand recipients that is tried again and again has many. */
export const MOST_EVENTS_OF_A_MESSAGE = 1_000
/** Messages that are followed to from those that were found: notices, and notices that could not be delivered. */
export const MOST_LINKED_MESSAGES = 100

export interface MessageJourney {
  readonly qid: string
  /** Oldest first: those of the message, and those of others that are about it, such as a notice's. */
  readonly events: readonly JourneyEvent[]
}

export interface Journeys {
  /** In the order in which they began. */
  readonly messages: readonly MessageJourney[]
  /** Of no message that was accepted, such as a recipient that was refused. */
  readonly others: readonly JourneyEvent[]
  /** There are older messages that were not asked for. */
  readonly isCut: boolean
}

/**
 * The whole journeys of the messages in which a key occurs, and of those that are linked to them: what a notice is about,
 * and the notices about a message.
 *
 * @param question its `limit` counts messages; of more, the newest are told
 */
export async function findJourneys(
  journal: Pick<Journal, 'find'>,
  { limit, ...question }: JournalQuestion,
  signal: AbortSignal,
): Promise<Journeys> {
  const found = await journal.find({ ...question, limit: MOST_SEARCHED_EVENTS }, signal)
  const newest = new Set(found.toReversed().flatMap((event) => messagesOf(event)))
  const wanted = [...newest].slice(0, limit)
  const messages = await follow(journal, wanted, signal)
  return {
    messages: messages.toSorted((a, b) => a.events[0]!.at - b.events[0]!.at),
    others: found.filter((event) => messagesOf(event).length === 0).slice(-limit),
    isCut: newest.size > wanted.length || found.length === MOST_SEARCHED_EVENTS,
  }
}

async function follow(
  journal: Pick<Journal, 'find'>,
  qids: readonly string[],
  signal: AbortSignal,
): Promise<MessageJourney[]> {
  const seen = new Set(qids)
  const journeys: MessageJourney[] = []
  const most = qids.length + MOST_LINKED_MESSAGES
  // What is added on the way is visited, too.
  for (const qid of seen) {
    const events = (await journal.find({ key: qid, limit: MOST_EVENTS_OF_A_MESSAGE }, signal)).filter(
      (event) => messagesOf(event).includes(foldKey(qid)),
    )
    if (events.length > 0) journeys.push({ qid: nameIn(events, qid), events })
    for (const linked of events.flatMap((event) => messagesOf(event))) if (seen.size < most) seen.add(linked)
  }
  return journeys
}

/** The messages that an event tells of, folded: its own, and the one that it is about. */
function messagesOf({ fields: { qid, about } }: JourneyEvent): string[] {
  return [qid, about].flatMap((id) => (typeof id === 'string' && id !== '' ? [foldKey(id)] : []))
}

/** As it is written. */
function nameIn(events: readonly JourneyEvent[], folded: string): string {
  const names = events.flatMap(({ fields: { qid, about } }) => [qid, about])
  return names.find((name): name is string => typeof name === 'string' && foldKey(name) === folded) ?? folded
}
