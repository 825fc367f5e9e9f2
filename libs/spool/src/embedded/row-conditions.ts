import type { DeliveryFilter } from '../queue.ts'

/** What SQLite can tell of a filter. It may let through too much, never too little. */
export const CONDITIONS = `
  iif($state IS NULL, state NOT IN ('delivered', 'removed'), state = $state)
  AND ($destination IS NULL OR destination = $destination)
  AND acceptedAt BETWEEN $acceptedAfter AND $acceptedBefore
  AND ($sender IS NULL OR lower(reversePath) = $sender)
  AND ($senderEnd IS NULL OR substr(lower(reversePath), -length($senderEnd)) = $senderEnd)
  AND ($recipient IS NULL OR instr(lower(recipients), $recipient) > 0)
  AND ($reason IS NULL OR instr(lower(reason), $reason) > 0)`

type Parameters = Record<string, string | number | null>

export function conditionsOf(filter: DeliveryFilter): Parameters {
  const { state = null, destination = null, sender, recipient, reason } = filter
  const isDomain = sender?.startsWith('@') === true
  return {
    state,
    destination,
    acceptedAfter: filter.acceptedAfter ?? Number.MIN_SAFE_INTEGER,
    acceptedBefore: filter.acceptedBefore ?? Number.MAX_SAFE_INTEGER,
    sender: sender === '<>' ? '' : isDomain ? null : plain(sender),
    senderEnd: isDomain ? plain(sender) : null,
    recipient: plain(recipient),
    reason: plain(reason),
  }
}

/** In lower case, as SQLite understands it: it knows the case of ASCII only, and sees escapes where JSON has them. */
function plain(text: string | undefined): string | null {
  if (text === undefined || !/^[ !#-[\]-~]*$/.test(text)) return null
  return text.toLowerCase()
}
