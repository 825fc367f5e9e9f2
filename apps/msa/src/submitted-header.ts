import type { HeaderScanner } from '@cartero/message'
import { dateField } from './policy/date-field.ts'
import { checkHeaderAddresses } from './policy/header-addresses.ts'
import { checkHeaderRights, type OwnAddress } from './policy/header-rights.ts'
import { checkMessageData } from './policy/message-data.ts'
import { hasMessageId, messageIdField, type MessageIdSource } from './policy/message-id-field.ts'
import { senderField } from './policy/sender-field.ts'
import type { SubmissionPolicy } from './policy/submission-policy.ts'

export interface Submission extends MessageIdSource {
  readonly policy: SubmissionPolicy
  /** '' is the null path. */
  readonly reversePath: string
  /** Undefined for a client without account, who may write in any name. */
  readonly isOwn: OwnAddress | undefined
}

/** What the policies say to a header: the fields that it lacks, or ReplyError. What is there is not touched here. */
// RFC 6409 §6.3, RFC 6409 §8
export async function submittedHeader(
  header: HeaderScanner,
  submission: Submission,
): Promise<readonly Buffer[]> {
  const { policy, reversePath, isOwn } = submission
  if (policy.messageData === 'refuse') checkMessageData(header)
  const block = header.block()
  if (policy.headerAddresses === 'refuse') checkHeaderAddresses(block)
  if (policy.headerFrom === 'own' && isOwn !== undefined) await checkHeaderRights(block, isOwn)
  const sender = policy.addSender && isOwn !== undefined && (await senderField(block, reversePath, isOwn))
  const fields = [
    ...(sender ? [sender] : []),
    ...(policy.addDate && !header.has('Date') ? [dateField(submission.now())] : []),
    ...(policy.addMessageId && !hasMessageId(block) ? [messageIdField(submission)] : []),
  ]
  return fields.map((field) => Buffer.from(field))
}
