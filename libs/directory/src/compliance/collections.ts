import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { type Collection, type Resolution, Resolution_Verdict as Verdict } from '@cartero/contracts/directory'
import { resolveOne, senderAllowed } from '../directory.ts'
import type { Directory } from '../directory.ts'
import type { AddressRule } from '../ruled-resolution.ts'
import { account, addAccount, alias, domain, readers, refuses } from './house.ts'
import type { Opened } from './index.ts'

const FETCH = 'fetch@home.test'
const TIM = 'tim@example.org'

export function collectionPromises(opened: Opened): void {
  before(async () => {
    const directory = opened()
    for (const name of ['example.org', 'home.test', 'bücher.test']) await directory.AddDomain(domain(name))
    for (const address of [TIM, FETCH, 'tim@home.test']) await addAccount(directory, address)
    await directory.SetAlias(alias('old@home.test', TIM))
    await directory.SetDomain(collected('home.test'))
    await directory.SetDomain(collected('BÜCHER.test', { account: 'Fetch@HOME.test' }))
  })
  describe('what is said of it', () => settingPromises(opened))
  describe('who may come for it', () => customerPromises(opened))
  describe('where its mail goes', () => mailPromises(opened))
}

function settingPromises(opened: Opened): void {
  test('a collection is listed in its one form, and taken off again', async () => {
    const directory = await opened.empty()
    await directory.AddDomain(domain('example.org'))
    await addAccount(directory, TIM)
    const most = { quota: 2n ** 63n - 1n, keepSeconds: 2_592_000n, contact: 'Ann.Jones@bücher.example' }
    await directory.AddDomain(collected('home.test', { account: 'TIM@Example.org', ...most }))
    const { domains } = await directory.ListDomains({})
    const collection = { account: TIM, ...most, contact: 'Ann.Jones@xn--bcher-kva.example' }
    assert.deepEqual(domains, [domain('example.org').domain, { ...domain('home.test').domain, collection }])
    await directory.SetDomain(domain('home.test', { catchAll: TIM }))
    assert.deepEqual((await directory.ListDomains({})).domains[1], {
      ...domain('home.test').domain,
      catchAll: TIM,
    })
    assert.deepEqual(await readers(directory, 'whoever@home.test'), [TIM])
    await directory.close()
  })

  test('an account that does not exist collects nothing, and the error says in which order it is done', async () => {
    const directory = opened()
    const elsewhere = directory.AddDomain(collected('new.test', { account: 'nobody@example.org' }))
    await refuses('notFound', /cartero account add nobody@example\.org/, elsewhere)
    const late = directory.SetDomain(collected('home.test', { account: 'nobody@home.test' }))
    await refuses('notFound', /cartero account add nobody@home\.test/, late)
    const inside = directory.AddDomain(collected('new.test', { account: 'fetch@new.test' }))
    await refuses('notFound', /add new\.test without.*domain set new\.test --collected-by/, inside)
    await refuses('invalid', /not an address/, directory.SetDomain(collected('home.test', { account: '' })))
    const byAlias = directory.SetDomain(collected('home.test', { account: 'old@home.test' }))
    await refuses('notFound', /no account old@home\.test/, byAlias)
    assert.equal(
      (await resolveOne(directory, 'tim@new.test')).verdict,
      Verdict.NOT_OURS,
      'nothing is half done',
    )
  })

  test('a quota or a time out of range is refused', async () => {
    for (const quota of [2n ** 63n, -1n])
      await refuses('invalid', /quota/, opened().SetDomain(collected('home.test', { quota })))
    for (const keepSeconds of [59n, 31_536_001n, 2n ** 64n - 1n, -1n])
      await refuses('invalid', /from 60 to/, opened().SetDomain(collected('home.test', { keepSeconds })))
    for (const keepSeconds of [60n, 31_536_000n, 0n])
      await opened().SetDomain(collected('home.test', { keepSeconds }))
  })

  test('a contact whose mail would wait itself is refused, by whatever way it leads there', async () => {
    const directory = opened()
    await directory.SetAlias(alias('house@example.org', 'anybody@home.test', TIM))
    for (const contact of [FETCH, 'x@home.test', 'x@bücher.test', 'house@example.org'])
      await refuses('invalid', /whose mail waits/, directory.SetDomain(collected('home.test', { contact })))
    const set = (contact: string) => directory.SetDomain(collected('home.test', { contact }))
    await refuses('invalid', /contact 'tim' is not/, set('tim'))
    await refuses('notFound', /account add nobody@example\.org/, set('nobody@example.org'))
    await set('TIM@example.org')
    const turned = directory.SetDomain(collected('example.org'))
    await refuses('inUse', /contact of home\.test, would lead into example\.org/, turned)
    await set('')
    await directory.RemoveAlias({ address: 'house@example.org' })
  })

  test('an account that collects is not removed, nor a domain with the contact of another', async () => {
    const directory = opened()
    const why = /collects the mail of home\.test: .*domain set home\.test --not-collected/
    await refuses('inUse', why, directory.RemoveAccount({ address: FETCH }))
    assert.equal(await login(directory), FETCH)
    await directory.AddDomain(domain('desk.test'))
    await directory.SetAlias(alias('desk@desk.test', TIM))
    await directory.SetDomain(collected('home.test', { contact: 'desk@desk.test' }))
    await directory.RemoveAlias({ address: 'desk@desk.test' })
    await refuses('inUse', /contact of home\.test/, directory.RemoveDomain({ name: 'desk.test' }))
    await directory.SetDomain(collected('home.test'))
    await directory.RemoveDomain({ name: 'desk.test' })
  })

  test('a domain goes with its collection, and comes back without it', async () => {
    const directory = opened()
    await directory.AddDomain(collected('brief.test', { account: TIM }))
    await directory.RemoveDomain({ name: 'brief.test' })
    await directory.AddDomain(domain('brief.test'))
    assert.deepEqual((await directory.CollectedDomains({ account: TIM })).domains, [])
    assert.equal((await resolveOne(directory, 'x@brief.test')).verdict, Verdict.NO_SUCH_USER)
    await directory.RemoveDomain({ name: 'brief.test' })
  })

  test('an alias that would have no effect is refused', async () => {
    const set = opened().SetAlias(alias('new@home.test', TIM))
    await refuses('invalid', /waits for fetch@home\.test/, set)
  })
}

function customerPromises(opened: Opened): void {
  const names = async (name: string): Promise<string[]> =>
    (await opened().CollectedDomains({ account: name })).domains.map((each) => each.name)

  test('an account is told its domains, however it is written, and nobody else is', async () => {
    assert.deepEqual(await opened().CollectedDomains({ account: FETCH }), {
      domains: ['home.test', 'xn--bcher-kva.test'].map((name) => ({
        name,
        collection: collected(name).domain.collection,
      })),
    })
    assert.deepEqual(await names('Fetch@Home.TEST'), ['home.test', 'xn--bcher-kva.test'])
    const others = [TIM, 'tim@home.test', 'old@home.test', 'fetch+x@home.test', 'nobody@home.test']
    const rubbish = ['', 'fetch', '%', '%@home.test', 'f_tch@home.test', '*@*', "' or 1=1--", `${FETCH}\0`]
    for (const other of [...others, ...rubbish]) assert.deepEqual(await names(other), [], other)
  })

  test('who is disabled may not come, while his mail goes on waiting', async () => {
    const directory = opened()
    await directory.SetAccount(account(FETCH, { disabled: true }))
    assert.deepEqual(await names(FETCH), [])
    assert.deepEqual(await resolveOne(directory, 'ann@home.test'), waits('ann@home.test'))
    assert.equal(await senderAllowed(directory, FETCH, 'ann@home.test'), false)
    await directory.SetAccount(account(FETCH))
    assert.deepEqual(await names(FETCH), ['home.test', 'xn--bcher-kva.test'])
  })

  test('a customer may send as anybody of his domains, and nobody else may', async () => {
    const directory = opened()
    const may = (name: string, sender: string): Promise<boolean> =>
      Promise.resolve(senderAllowed(directory, name, sender))
    for (const sender of ['ann@home.test', 'ANN+x@Home.Test', 'jürgen@bücher.test', FETCH, ''])
      assert.equal(await may(FETCH, sender), true, sender)
    for (const sender of ['ann@sub.home.test', 'ann@homextest', TIM, '@home.test', 'ann@%'])
      assert.equal(await may(FETCH, sender), false, sender)
    assert.equal(await may('tim@home.test', 'tim@home.test'), true, 'his own')
    assert.equal(await may('tim@home.test', 'ann@home.test'), false)
    assert.equal(await may(TIM, 'old@home.test'), false, 'an alias that has no effect')
  })

  test('what another account collects from now on is no longer of the one before, and at once', async () => {
    const directory = opened()
    await directory.SetDomain(collected('home.test', { account: TIM }))
    assert.deepEqual(await names(FETCH), ['xn--bcher-kva.test'])
    assert.deepEqual(await names(TIM), ['home.test'])
    assert.equal(await senderAllowed(directory, FETCH, 'ann@home.test'), false)
    assert.equal(await senderAllowed(directory, TIM, 'ann@home.test'), true)
    await directory.SetDomain(collected('home.test'))
  })
}

function mailPromises(opened: Opened): void {
  test('every address leads to the customer and no mailbox, and the answer is at hand', async () => {
    const directory = opened()
    const asked = [
      ['Ann@Home.Test', 'Ann@home.test'],
      [FETCH, FETCH],
      ['old@home.test', 'old@home.test'],
      ['postmaster@home.test', 'postmaster@home.test'],
      ['%@bücher.test', '%@xn--bcher-kva.test'],
    ] as const
    const { resolutions } = await directory.Resolve({ addresses: asked.map(([address]) => address) })
    assert.deepEqual(
      resolutions,
      asked.map(([, address]) => waits(address)),
    )
    for (const [address, canonical] of asked)
      assert.deepEqual(directory.resolveNow(address), waits(canonical))
  })

  test('a rule of the operator wins', async () => {
    const rules = new Map<string, AddressRule>([
      ['away@home.test', 'away'],
      ['shut@home.test', 'refuse'],
    ])
    const directory = await opened.empty({ ruleFor: (address) => rules.get(address) })
    await directory.AddDomain(domain('example.org'))
    await addAccount(directory, TIM)
    await directory.AddDomain(collected('home.test', { account: TIM }))
    const addresses = [...rules.keys(), 'other@home.test']
    const expected = [
      { verdict: Verdict.ACCEPT, targets: [], forwards: ['away@home.test'], collected: [] },
      { verdict: Verdict.DISABLED, targets: [], forwards: [], collected: [] },
      waits('other@home.test'),
    ]
    assert.deepEqual((await directory.Resolve({ addresses })).resolutions, expected)
    assert.deepEqual(
      addresses.map((address) => directory.resolveNow(address)),
      expected,
    )
    await directory.close()
  })

  test('no answer at hand is older than a change of who collects', async () => {
    const directory = opened()
    const changes: readonly (readonly [() => Promise<unknown>, Resolution])[] = [
      [() => directory.SetDomain(domain('home.test')), mailboxOf('tim@home.test')],
      [() => directory.SetDomain(collected('home.test')), waits('tim@home.test')],
    ]
    for (const [change, expected] of changes) {
      await resolveOne(directory, 'tim@home.test')
      await senderAllowed(directory, FETCH, 'tim@home.test')
      await change()
      assert.deepEqual(await resolveOne(directory, 'tim@home.test'), expected)
      const isCollected = expected.collected.length > 0
      assert.equal(await senderAllowed(directory, FETCH, 'tim@home.test'), isCollected)
    }
  })

  test('what comes back to a sender whom we rewrote goes to him, and what the customer rewrote to the customer', async () => {
    const directory = opened()
    const forwarded = { address: 'eve@far.example', domain: 'home.test' }
    const { addresses } = await directory.RewriteSenders({ senders: [forwarded] })
    const [ours = ''] = addresses
    assert.match(ours, /^SRS0=.*@home\.test$/)
    assert.deepEqual((await resolveOne(directory, ours)).forwards, ['eve@far.example'])
    const his = 'SRS0=AAAA=AA=far.example=eve@home.test'
    assert.deepEqual(await resolveOne(directory, his), waits(his))
  })
}

function collected(name: string, rest: Partial<Collection> = {}) {
  const collection = { account: FETCH, quota: 0n, keepSeconds: 0n, contact: '', ...rest }
  return { domain: { ...domain(name).domain, collection } }
}

function waits(address: string): Resolution {
  return { verdict: Verdict.ACCEPT, targets: [], forwards: [], collected: [address] }
}

function mailboxOf(name: string): Resolution {
  return { verdict: Verdict.ACCEPT, targets: [{ account: name, detail: '' }], forwards: [], collected: [] }
}

async function login(directory: Directory): Promise<string> {
  return (await directory.Authenticate({ login: FETCH, password: 'secret' })).account
}
