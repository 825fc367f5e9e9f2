export { formatDateTime, parseDateTime, type DateTime } from './date-time.ts'
export { makeMessageId, MOST_MESSAGE_IDS, parseMessageId, parseMessageIds, type MessageId } from './message-id.ts'
