import { readMailbox } from '../../command/mailbox.ts'
import { ask, ok, type CommandRow } from '../command-row.ts'

/** RFC 3501 §6.3.6 */
export const subscribe: CommandRow = subscriptionRow('SUBSCRIBE', true)
/** RFC 3501 §6.3.7 */
export const unsubscribe: CommandRow = subscriptionRow('UNSUBSCRIBE', false)

function subscriptionRow(name: string, subscribed: boolean): CommandRow {
  return {
    name,
    state: 'authenticated',
    expunges: true,
    read: (decoder) => {
      const mailbox = readMailbox(decoder)
      return ask(async (session) => {
        await session.subscribe(mailbox, subscribed)
        return ok(subscribed ? 'Subscribed' : 'Unsubscribed')
      })
    },
  }
}
