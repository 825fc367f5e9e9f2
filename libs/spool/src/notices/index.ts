/**
 * Who is told what became of a message: delivery status notifications.
 * @packageDocumentation
 */
export { delayMoment, lastMoment } from './deadline.ts'
export { misfortunesOf, type Fate, type Misfortune } from './fate.ts'
export { Notices, type NoticesOptions } from './notices.ts'
export type { RecipientResult, RemoteReply, Trouble } from './result.ts'
export { sentenceOf, tooLate } from './sentence.ts'
export { NOTICE_SETTINGS, type NoticeSettings } from './settings.ts'
export type { NoticeAction, NoticeEntry } from './verdict.ts'
