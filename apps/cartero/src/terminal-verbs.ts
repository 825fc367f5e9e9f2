import { ControlError, type ControlStreams, type ControlVerbs } from '@cartero/agent/admin'
import { resolveOne, type Directory } from '@cartero/directory'
import type { Terminals } from '@cartero/mda-agent/agent'

/** The verb that a terminal listens to, with its `account`; the values are NumberedMessage. */
export const ATTACH = 'terminal.attach'
/** The verb by which a terminal says that it has shown the message of this `number`. */
export const SHOWN = 'terminal.shown'

/** How terminals come to their messages: whoever may open the control socket may look for any account. */
export function terminalStreams(terminals: Terminals, directory: () => Directory): ControlStreams {
  return {
    [ATTACH]: async (argument, signal) => {
      const account = await accountOf((argument as { readonly account: string }).account, directory())
      const messages = terminals.attach(account, signal)
      if (messages === undefined) throw new ControlError('failure', 'there are too many terminals already')
      return messages
    },
  }
}

export function terminalVerbs(terminals: Terminals): ControlVerbs {
  return {
    [SHOWN]: async (argument) => {
      terminals.shown((argument as { readonly number: number }).number)
    },
  }
}

/** The account's own name. */
async function accountOf(address: string, directory: Directory): Promise<string> {
  const { targets } = await resolveOne(directory, address)
  const own = targets.find(({ account }) => account.toLowerCase() === address.toLowerCase())
  if (own === undefined) throw new ControlError('notFound', `there is no account ${address}`)
  return own.account
}
