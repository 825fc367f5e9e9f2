import { Resolution_Verdict as Verdict, type Resolution } from '@cartero/contracts/directory'
import { ReplyError, replies, type Reply } from '@cartero/smtp/server'
import type { MaybePromise } from '@cartero/wire'

/** What the client is told of a recipient: undefined accepts. */
// RFC 5321 §3.3
export function recipientVerdict({ verdict }: Resolution, notOurs: Reply | undefined): Reply | undefined {
  switch (verdict) {
    case Verdict.ACCEPT:
      return undefined
    case Verdict.NOT_OURS:
      return notOurs
    case Verdict.DISABLED:
      return replies.mailboxDisabled
    case Verdict.ALIAS_LOOP:
      // The operator can mend it, so the client may try again.
      return replies.mailboxBusy
    case Verdict.NO_SUCH_USER:
    case Verdict.UNSPECIFIED:
      return replies.noSuchMailbox
  }
}

/** Goes on with what the directory says, at once when it is at hand. A directory that is away is a 451 and our store's fault. */
export function withDirectory<T, R>(
  answer: MaybePromise<T>,
  proceed: (known: T) => MaybePromise<R>,
): MaybePromise<R> {
  if (!(answer instanceof Promise)) return proceed(answer)
  return answer.then(proceed, (cause: unknown) => {
    throw new ReplyError(replies.directoryAway, { reason: String(cause), fault: 'store', cause })
  })
}
