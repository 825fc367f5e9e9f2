import type { Database, ProcedureModule } from '@cartero/sql/procedures'

import type { AccountId } from '../../ports.ts'
import { AccountProcedures } from './account-procedures.ts'
import { AccountTable } from './accounts.ts'
import { AppendProcedure, type AppendArgument } from './append.ts'
import { check } from './check.ts'
import { CopyProcedures } from './copy.ts'
import { FolderProcedures } from './folders.ts'
import { MailboxTable } from './mailboxes.ts'
import { MessageTable } from './messages.ts'
import { Attempts } from './refusal.ts'
import { migrations } from './schema.ts'
import { SelectedProcedures } from './selected.ts'
import { SubscriptionTable } from './subscriptions.ts'

export type MailStoreProcedures = ReturnType<typeof prepare>

function prepare(database: Database) {
  const messages = new MessageTable(database)
  const accounts = new AccountTable(database)
  const mailboxes = new MailboxTable(database, accounts, messages)
  const subscriptions = new SubscriptionTable(database)
  const append = new AppendProcedure(database, accounts, mailboxes, messages)
  const folders = new FolderProcedures(accounts, mailboxes, messages, subscriptions)
  const about = new AccountProcedures(accounts, mailboxes, subscriptions)
  const selected = new SelectedProcedures(mailboxes, messages)
  const copies = new CopyProcedures(accounts, mailboxes, messages)
  const attempts = new Attempts(database)
  return {
    append: (argument: AppendArgument) => append.run(argument),
    ...folderProcedures(folders, attempts),
    ...accountProcedures(about, attempts),
    ...selectedProcedures(selected, copies, attempts),
    referenced: (prefix: string) => messages.records.referenced(prefix),
    check: () => check(database),
  }
}

function folderProcedures(folders: FolderProcedures, attempts: Attempts) {
  return {
    provision: attempts.write(folders.provision.bind(folders)),
    removeAccount: (account: AccountId) => folders.removeAccount(account),
    create: attempts.write(folders.create.bind(folders)),
    delete: attempts.write(folders.delete.bind(folders)),
    rename: attempts.write(folders.rename.bind(folders)),
  }
}

function accountProcedures(about: AccountProcedures, attempts: Attempts) {
  return {
    setQuota: attempts.write(about.setQuota.bind(about)),
    usage: about.usage.bind(about),
    mailboxes: about.mailboxes.bind(about),
    mailbox: about.mailbox.bind(about),
    subscriptions: about.subscriptions.bind(about),
    subscribe: attempts.write(about.subscribe.bind(about)),
    unsubscribe: attempts.write(about.unsubscribe.bind(about)),
  }
}

function selectedProcedures(selected: SelectedProcedures, copies: CopyProcedures, attempts: Attempts) {
  return {
    open: attempts.write(selected.open.bind(selected)),
    fetch: attempts.read(selected.fetch.bind(selected)),
    changeFlags: attempts.write(selected.changeFlags.bind(selected)),
    expunge: attempts.write(selected.expunge.bind(selected)),
    changesSince: attempts.read(selected.changesSince.bind(selected)),
    copy: attempts.write(copies.copy.bind(copies)),
    move: attempts.write(copies.move.bind(copies)),
  }
}

const mailstore: ProcedureModule<MailStoreProcedures> = { migrations, prepare }

// oxlint-disable-next-line import/no-default-export -- the worker finds the procedures of a module there
export default mailstore
