import type { ContentId } from '@cartero/content'
import type { NewMessage } from '@cartero/mailstore'
import type { NextHop, Outcome } from '@cartero/spool'

import { dataFolder, makeDataFolder } from '../src/data-folder.ts'
import { embeddedHouse, envelopeFor, type House } from './stored-house.ts'

export const ANN = 'ann@home.test'
export const BEN = 'ben@home.test'
export const PASSWORD = 'correct horse battery'
const FETCH = 'fetch@customer.test'
const LATER = Date.UTC(2040, 0, 1)
/** Messages in the mailboxes: more than one portion of contents. */
const LETTERS = 1_100
/** A content that two mailboxes and the queue have. */
export const SHARED = 'Subject: shared\r\n\r\nonce for all\r\n'

/** A data folder with something of all that can be kept. Returns the id of the content that is shared. */
export async function furnish(folder: string): Promise<ContentId> {
  makeDataFolder(dataFolder(folder))
  await using house = await embeddedHouse(folder)
  await furnishDirectory(house)
  const shared = await furnishQueue(house)
  await furnishMail(house, shared)
  for (let n = 0; n < 300; n++)
    house.journal.tell({
      at: Date.now() - 1_000 + n,
      event: 'message.received',
      agent: 'mta',
      fields: { qid: `Q${n}`, to: ANN },
    })
  return shared
}

async function furnishDirectory({ directory, mailStore }: House): Promise<void> {
  for (const name of ['home.test', 'customer.test', 'collected.test', 'gone.test'])
    await directory.AddDomain({ domain: { name, catchAll: '', postmaster: '' } })
  await directory.RemoveDomain({ name: 'gone.test' })
  const account = (address: string, quota = 0n) => ({ address, disabled: false, quota })
  await directory.AddAccount({ account: { ...account(ANN), reversibleSecret: true }, password: PASSWORD })
  await directory.AddAccount({ account: account(BEN, 2n ** 60n), password: PASSWORD })
  await directory.AddAccount({ account: account(FETCH), password: PASSWORD })
  await directory.SetDomain({
    domain: {
      name: 'collected.test',
      catchAll: '',
      postmaster: '',
      collection: { account: FETCH, quota: 2n ** 60n, keepSeconds: 86_400n, contact: ANN },
    },
  })
  await directory.SetDomain({ domain: { name: 'home.test', catchAll: BEN, postmaster: ANN } })
  await directory.SetAlias({
    alias: {
      address: 'all@home.test',
      targets: [BEN, ANN, 'zoe@elsewhere.test'],
    },
  })
  for (const address of [ANN, BEN]) await mailStore.provision(address)
}

async function furnishMail(house: House, shared: ContentId): Promise<void> {
  const { mailStore } = house
  await mailStore.setQuota(BEN, 10_000_000)
  await mailStore.createMailbox(ANN, 'gone')
  await mailStore.deleteMailbox(ANN, 'gone')
  await mailStore.createMailbox(ANN, 'Ärchive/2026/"x"')
  await mailStore.subscribe(ANN, 'INBOX', true)
  const letters = Array.from(
    { length: LETTERS },
    (_, n) => `Subject: letter ${n}\r\n\r\n${'x'.repeat(n)}\r\n`,
  )
  const large = `Subject: large\r\n\r\n${'a line of a large letter\r\n'.repeat(100_000)}`
  const ids = await Promise.all([...letters, large].map((text) => kept(house, text)))
  const messages = ids.map((content, n): NewMessage =>
    letterOf(n % 3 === 0 ? BEN : ANN, [...letters, large][n]!, content, n),
  )
  for (let at = 0; at < messages.length; at += 200) await mailStore.append(messages.slice(at, at + 200))
  await mailStore.append([letterOf(ANN, SHARED, shared, 9_001), letterOf(BEN, SHARED, shared, 9_002)])
  const inbox = (await mailStore.mailbox(ANN, 'INBOX'))!.id
  await mailStore.changeFlags(inbox, [1, 2, 3, 50, 51], 'add', ['\\Deleted', '\\Seen', '$Later', 'Work'])
  await mailStore.expunge(inbox, [2, 50])
  await mailStore.copy(inbox, [5, 6, 7], ANN, 'Ärchive/2026/"x"')
  await mailStore.move(inbox, [8, 9], ANN, 'Trash')
  await mailStore.open(inbox, { claimRecent: true })
}

async function kept({ content }: House, text: string): Promise<ContentId> {
  const draft = content.begin()
  await draft.write(Buffer.from(text))
  return await draft.commit()
}

/** One letter of an account, with a key of its own. */
export function letterOf(account: string, text: string, content: ContentId, n: number): NewMessage {
  const prefix = Buffer.from(`Delivered-To: ${account}\r\n`)
  return {
    account,
    mailbox: 'INBOX',
    content,
    prefix,
    index: indexOf(`${prefix.toString()}${text}`),
    size: prefix.length + Buffer.byteLength(text),
    flags: n % 5 === 0 ? ['\\Flagged'] : [],
    internalDate: 1_700_000_000_000 + n,
    idempotencyKey: `key ${n}`,
  }
}

/** Nobody reads it here; it is to come back as it was. */
function indexOf(text: string): NewMessage['index'] {
  return { subject: 'π "quoted" \\ \u0000', octets: text.length } as unknown as NewMessage['index']
}

const remote: NextHop = { kind: 'remote', domain: 'elsewhere.test' }

/** Messages in each state in which one may wait. */
async function furnishQueue(house: House): Promise<ContentId> {
  const { spool } = house
  const { signal } = new AbortController()
  const accept = async (...given: Parameters<typeof envelopeFor>): Promise<void> => {
    const draft = spool.begin(envelopeFor(...given))
    await draft.write(Buffer.from(SHARED))
    await draft.commit(Buffer.from('Received: by test\r\n'))
  }
  await accept(['a@elsewhere.test', 'b@other.test'], { priority: 4 })
  await accept(['c@elsewhere.test'])
  await accept(['d@collected.test'])
  await accept(['e@home.test'], {
    holdUntil: LATER,
    deliverBy: { at: LATER + 1, mode: 'return', trace: false },
  })
  await accept(['f@elsewhere.test'])
  const routed = await arrived(house, 5)
  const hops = [
    [remote, { kind: 'remote', domain: 'other.test' }],
    [remote],
    [{ kind: 'odmr', domain: 'collected.test' }],
    [{ kind: 'local' }],
    [remote],
  ]
  await spool.route(
    routed.map(({ queueId, envelope }, n) => ({
      queueId,
      deliveries: hops[n]!.map((nextHop, at) => ({
        nextHop: nextHop as NextHop,
        recipients: [{ address: envelope.recipients[at]!.address, account: '', told: 'delay' as const }],
        ...(n === 1 && { sender: 'SRS0=x=y=z=ann@home.test' }),
      })),
    })),
  )
  const taken = await spool.take('elsewhere.test', 10, { owner: 'test', expiresIn: 60_000 })
  const outcomes: Outcome[] = taken.map(({ id }, n) => ENDS[n]!(id))
  await spool.settle(outcomes)
  for await (const _ of spool.change(
    { recipient: 'd@collected.test' },
    { kind: 'hold', reason: 'by an operator' },
    signal,
  ));
  // Two that nobody has routed yet, one of them held.
  await accept(['g@home.test'])
  await accept(['h@home.test'])
  for await (const _ of spool.change(
    { recipient: 'h@home.test' },
    { kind: 'hold', reason: 'not yet' },
    signal,
  ));
  return routed[1]!.content
}

type Ends = (id: Outcome['id']) => Outcome
const ENDS: readonly Ends[] = [
  (id) => ({
    id,
    state: 'mixed',
    recipients: [{ state: 'deferred', reason: 'try later', status: '4.3.1' as never, told: 'delay' }],
    notBefore: LATER,
  }),
  (id) => ({ id, state: 'failed', reason: 'nobody there' }),
  (id) => ({ id, state: 'deferred', notBefore: LATER, reason: 'busy' }),
]

async function arrived(
  { spool }: House,
  count: number,
): Promise<{ queueId: never; envelope: ReturnType<typeof envelopeFor>; content: ContentId }[]> {
  const ending = new AbortController()
  const found = []
  for await (const batch of spool.arrivals(count, ending.signal)) {
    found.push(...batch)
    if (found.length >= count) break
  }
  return found as never
}
