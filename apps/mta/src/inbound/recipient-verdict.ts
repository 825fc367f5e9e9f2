import { Resolution_Verdict as Verdict, type Resolution } from '@cartero/contracts/directory'
import { replies, type Reply } from '@cartero/smtp/server'

/** What a stranger is told about a recipient; undefined accepts. RFC 5321 §3.3, §7.7 */
export function recipientVerdict({ verdict }: Resolution): Reply | undefined {
  switch (verdict) {
    case Verdict.ACCEPT:
      return undefined
    case Verdict.NOT_OURS:
      return replies.relayDenied
    case Verdict.DISABLED:
      return replies.mailboxDisabled
    case Verdict.ALIAS_LOOP:
      // The operator can mend it, so the peer may try again.
      return replies.mailboxBusy
    case Verdict.NO_SUCH_USER:
    case Verdict.UNSPECIFIED:
      return replies.noSuchMailbox
  }
}
