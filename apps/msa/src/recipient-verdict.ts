import { Resolution_Verdict as Verdict, type Resolution } from '@cartero/contracts/directory'
import { replies, type Reply } from '@cartero/smtp/server'

/**
 * What our user is told about a recipient; undefined accepts. Nothing is accepted that cannot be delivered.
 * RFC 5321 §3.3 todo: recipients elsewhere are accepted once mail can be relayed.
 */
export function recipientVerdict({ verdict }: Resolution): Reply | undefined {
  switch (verdict) {
    case Verdict.ACCEPT:
      return undefined
    case Verdict.NOT_OURS:
      return replies.noRouteOut
    case Verdict.DISABLED:
      return replies.mailboxDisabled
    case Verdict.ALIAS_LOOP:
      return replies.mailboxBusy
    case Verdict.NO_SUCH_USER:
    case Verdict.UNSPECIFIED:
      return replies.noSuchMailbox
  }
}
