import type { Database, ProcedureModule } from '@cartero/sql/procedures'

import type { AccountId, AccountUsage } from '../../ports.ts'
import { AccountTable } from './accounts.ts'
import { AppendProcedure, type AppendArgument } from './append.ts'
import { CopyProcedures, type CopyArgument } from './copy.ts'
import { FolderProcedures, type Asking } from './folders.ts'
import { MailboxTable, type MailboxRow } from './mailboxes.ts'
import { MessageTable } from './messages.ts'
import { Attempts, Refusal } from './refusal.ts'
import { migrations } from './schema.ts'
import { SelectedProcedures, type FlagsArgument } from './selected.ts'
import { SubscriptionTable } from './subscriptions.ts'

export type MailStoreProcedures = ReturnType<typeof prepare>

function prepare(database: Database) {
  const accounts = new AccountTable(database)
  const messages = new MessageTable(database)
  const mailboxes = new MailboxTable(database, accounts, messages)
  const subscriptions = new SubscriptionTable(database)
  const folders = new FolderProcedures(accounts, mailboxes, messages, subscriptions)
  const selected = new SelectedProcedures(mailboxes, messages)
  const copies = new CopyProcedures(accounts, mailboxes, messages)
  const appends = new AppendProcedure(database, accounts, mailboxes, messages)
  const attempts = new Attempts(database)
  return {
    append: (argument: AppendArgument) => appends.run(argument),

    provision: attempts.write((asking: Asking) => folders.provision(asking)),
    removeAccount: (account: AccountId) => folders.removeAccount(account),
    create: attempts.write(folders.create.bind(folders)),
    delete: attempts.write(folders.delete.bind(folders)),
    rename: attempts.write(folders.rename.bind(folders)),

    setQuota: attempts.write(({ account, octets }: { account: AccountId; octets: number }) =>
      accounts.setQuota(accounts.existing(account), octets),
    ),
    usage: (account: AccountId): AccountUsage | undefined => {
      const found = accounts.find(account)
      return found && accounts.usage(found)
    },
    mailboxes: (account: AccountId): MailboxRow[] => {
      const found = accounts.find(account)
      return found ? mailboxes.views(found) : []
    },
    mailbox: ({ account, name }: { account: AccountId; name: string }): MailboxRow | undefined => {
      const owner = accounts.find(account)
      const found = owner && mailboxes.find(owner, name)
      return found && mailboxes.view(found.id)
    },

    subscribe: attempts.write(({ account, name, limits }: Asking & { name: string }) => {
      const owner = accounts.existing(account)
      mailboxes.existing(owner, name)
      if (!subscriptions.has(owner, name) && subscriptions.count(owner) >= limits.subscriptionsPerAccount) {
        throw new Refusal('limit', 'too many subscriptions')
      }
      subscriptions.add(owner, name)
    }),
    unsubscribe: attempts.write(({ account, name }: { account: AccountId; name: string }) =>
      subscriptions.remove(accounts.existing(account), name),
    ),
    subscriptions: (account: AccountId): string[] => {
      const found = accounts.find(account)
      return found ? subscriptions.names(found) : []
    },

    open: attempts.write(selected.open.bind(selected)),
    fetch: attempts.read(selected.fetch.bind(selected)),
    changeFlags: attempts.write((argument: FlagsArgument) => selected.changeFlags(argument)),
    expunge: attempts.write(selected.expunge.bind(selected)),
    changesSince: attempts.read(selected.changesSince.bind(selected)),
    copy: attempts.write((argument: CopyArgument) => copies.copy(argument)),
    move: attempts.write((argument: CopyArgument) => copies.move(argument)),

    referenced: (prefix: string): string[] => messages.referenced(prefix),
  }
}

const mailstore: ProcedureModule<MailStoreProcedures> = { migrations, prepare }

// oxlint-disable-next-line import/no-default-export -- the worker finds the procedures of a module there
export default mailstore
