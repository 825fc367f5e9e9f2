import { LocalNews } from '@cartero/bus/memory'
import { NatsBus } from '@cartero/bus/nats'
import type { ContentId, ContentStore } from '@cartero/content'
import { openNatsObjects } from '@cartero/content/nats'
import { openPackedContent } from '@cartero/content/packs'
import { SegmentContentLog } from '@cartero/content/segments'
import type { Directory } from '@cartero/directory'
import { openPostgresDirectory } from '@cartero/directory/postgres'
import { openSqliteDirectory } from '@cartero/directory/sqlite'
import type { Journal } from '@cartero/journey'
import { openPostgresJournal } from '@cartero/journey/postgres'
import { SegmentJournal } from '@cartero/journey/segments'
import type { MailStore } from '@cartero/mailstore'
import { openPostgresMailStore } from '@cartero/mailstore/postgres'
import { openSqliteMailStore } from '@cartero/mailstore/sqlite'
import type { Envelope, Spool } from '@cartero/spool'
import { EmbeddedSpool } from '@cartero/spool/embedded'
import { openPostgresSpool } from '@cartero/spool/postgres'
import { SqlWorker } from '@cartero/sql'
import { Postgres } from '@cartero/sql/postgres'

import { dataFolder } from '../src/data-folder.ts'
import { secretKey } from '../src/secret-key.ts'

/** All stores of a system by their ports, in one shape or the other. */
export interface House extends AsyncDisposable {
  readonly directory: Directory
  readonly mailStore: MailStore
  readonly spool: Spool
  readonly content: ContentStore
  readonly journal: Journal
}

/** The stores of a data folder, and no process around them. */
export async function embeddedHouse(folder: string): Promise<House> {
  await using opening = new AsyncDisposableStack()
  const keep = <T extends { close(): Promise<void> }>(store: T): T =>
    opening.adopt(store, (opened) => opened.close())
  const data = dataFolder(folder)
  const sql = keep(new SqlWorker())
  const content = keep(await SegmentContentLog.open({ directory: data.content }))
  const key = secretKey(data.secretKey)
  const directory = keep(await openSqliteDirectory({ worker: sql, file: data.directory, secretKey: key }))
  const mailStore = keep(await openSqliteMailStore({ worker: sql, file: data.mailStore }))
  const spool = keep(await EmbeddedSpool.open({ log: content, sql, file: data.spool }))
  const journal = keep(new SegmentJournal({ directory: data.journey }))
  await journal.open()
  const closing = opening.move()
  const stores = { directory, mailStore, spool, content, journal }
  return { ...stores, [Symbol.asyncDispose]: () => closing.disposeAsync() }
}

export interface Services {
  readonly postgres: string
  readonly nats: readonly string[]
  readonly bucket: string
  /** Of the directory. */
  readonly key: string
}

/** The stores of services, and no agent around them. */
export async function servicesHouse({ postgres, nats, bucket, key }: Services): Promise<House> {
  await using opening = new AsyncDisposableStack()
  const keep = <T extends { close(): Promise<void> }>(store: T): T =>
    opening.adopt(store, (opened) => opened.close())
  const at = (schema: string): Postgres => keep(new Postgres({ url: postgres, schema, name: 'test' }))
  const news = new LocalNews()
  const bus = keep(await NatsBus.open({ servers: nats, name: 'test' }))
  const objects = await openNatsObjects({ bus, bucket, replicas: 1 })
  const content = keep(await openPackedContent({ objects }))
  const directory = keep(
    await openPostgresDirectory({ database: at('directory'), news, secretKey: secretKey(key) }),
  )
  const mailStore = keep(await openPostgresMailStore({ database: at('mailstore'), news }))
  const spool = keep(await openPostgresSpool({ database: at('spool'), content, news, owner: 'test' }))
  const journal = keep(await openPostgresJournal({ database: at('journey') }))
  const closing = opening.move()
  const stores = { directory, mailStore, spool, content, journal }
  return { ...stores, [Symbol.asyncDispose]: () => closing.disposeAsync() }
}

/** An envelope of mail that goes to these. */
export function envelopeFor(recipients: readonly string[], wishes: Partial<Envelope> = {}): Envelope {
  return {
    reversePath: 'ann@home.test',
    recipients: recipients.map((address) => ({ address, notify: ['failure'] })),
    client: { address: '192.0.2.1', helo: 'client.test', protocol: 'ESMTPSA' },
    ...wishes,
  }
}

/** All that users and operators can see of a house: two that look the same are the same to them. */
export async function portraitOf(house: House): Promise<Portrait> {
  const { accounts } = await house.directory.ListAccounts({ domain: '' })
  const names = accounts.map(({ address }) => address)
  return {
    accounts: texts(accounts),
    domains: texts((await house.directory.ListDomains({})).domains),
    aliases: texts((await house.directory.ListAliases({ domain: '' })).aliases),
    mail: await Promise.all(names.map((name) => mailOf(house, name))),
    queue: await queueOf(house),
    journey: await journeyOf(house, names),
  }
}

export interface Portrait {
  readonly accounts: string
  readonly domains: string
  readonly aliases: string
  readonly mail: readonly unknown[]
  readonly queue: readonly unknown[]
  readonly journey: readonly unknown[]
}

function texts(found: unknown): string {
  return JSON.stringify(found, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))
}

async function mailOf({ mailStore, content }: House, account: string): Promise<unknown> {
  const mailboxes = []
  for (const mailbox of await mailStore.mailboxes(account)) {
    if (mailbox.noSelect) mailboxes.push({ mailbox })
    else {
      const { rows } = await mailStore.open(mailbox.id)
      const uids = rows.map(({ uid }) => uid)
      const messages = await Promise.all(
        (await mailStore.fetch(mailbox.id, uids)).map(async (message) => ({
          uid: message.uid,
          flags: message.flags,
          modseq: message.modseq,
          date: message.internalDate,
          size: message.size,
          index: message.index,
          octets: Buffer.concat([message.prefix, await content.read(message.content)]).toString('latin1'),
        })),
      )
      mailboxes.push({ mailbox, messages, changes: await mailStore.changesSince(mailbox.id, 1) })
    }
  }
  return {
    account,
    mailboxes,
    subscriptions: await mailStore.subscriptions(account),
    usage: await mailStore.usage(account),
  }
}

async function queueOf({ spool, content }: House): Promise<readonly unknown[]> {
  const { deliveries } = await spool.list({}, { limit: 1_000 })
  const ids = [...new Set(deliveries.map(({ queueId }) => queueId))]
  const views = await Promise.all(
    ids.map(async (queueId) => {
      const view = (await spool.show(queueId))!
      const { content: id, ...rest } = view as typeof view & { readonly content?: ContentId }
      return { ...rest, octets: id === undefined ? '' : (await content.read(id)).toString('latin1') }
    }),
  )
  return [
    deliveries,
    views,
    (await spool.shape()).map((cell) => Object.values(cell).join(' ')).toSorted(),
    await spool.uncollected(),
    spool.waiting,
  ]
}

async function journeyOf({ journal }: House, names: readonly string[]): Promise<readonly unknown[]> {
  const { signal } = new AbortController()
  return await Promise.all(names.map((key) => journal.find({ key, limit: 1_000 }, signal)))
}
