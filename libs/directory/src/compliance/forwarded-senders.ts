import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { Resolution_Verdict as Verdict } from '@cartero/contracts/directory'
import { ManualClock } from '@cartero/wire'
import type { Directory } from '../directory.ts'
import { RESOLUTION_TTL_MS } from '../resolution-cache.ts'
import { RETURN_PATH_DAYS } from '../return-path.ts'
import { addAccount, alias, domain } from './house.ts'
import type { Opened } from './index.ts'

const DAY_MS = 86_400_000

async function rewritten(directory: Directory, address: string, by = 'example.org'): Promise<string> {
  const { addresses } = await directory.RewriteSenders({ senders: [{ address, domain: by }] })
  return addresses[0]!
}

async function leads(directory: Directory, address: string): Promise<readonly string[] | Verdict> {
  const { resolutions } = await directory.Resolve({ addresses: [address] })
  const { verdict, targets, forwards } = resolutions[0]!
  return verdict === Verdict.ACCEPT ? [...targets.map(({ account }) => account), ...forwards] : verdict
}

export function forwardedSenderPromises(opened: Opened): void {
  before(async () => {
    await opened().AddDomain(domain('example.org'))
    await opened().AddDomain(domain('example.net'))
    await addAccount(opened(), 'tim@example.org')
  })

  test('a notice about mail that was forwarded finds the sender', async () => {
    const address = await rewritten(opened(), 'Some.Body@else.example')
    assert.match(address, /^SRS0=[A-Z2-7]{6}=[A-Z2-7]{2}=else\.example=Some\.Body@example\.org$/)
    assert.deepEqual(await leads(opened(), address), ['Some.Body@else.example'])
    assert.deepEqual(await leads(opened(), address.toLowerCase()), ['some.body@else.example'])
  })

  test('a notice about mail that we have forwarded twice finds the sender', async () => {
    const first = await rewritten(opened(), 'bob@else.example')
    const between = `SRS1=HASH=example.org=${first.slice('SRS0'.length, first.indexOf('@'))}@later.example`
    const second = await rewritten(opened(), between, 'example.net')
    assert.match(second, /^SRS1=[A-Z2-7]{6}=example\.org==.*@example\.net$/)
    assert.deepEqual(await leads(opened(), second), ['bob@else.example'])
    assert.deepEqual(await leads(opened(), second.replace('=bob@', '=eve@')), Verdict.NO_SUCH_USER)
    const forged = await rewritten(opened(), between.replace('=bob@', '=eve@'), 'example.net')
    assert.deepEqual(await leads(opened(), forged), Verdict.NO_SUCH_USER)
  })

  test('nobody makes us send mail elsewhere by an address that we have not written', async () => {
    const address = await rewritten(opened(), 'victim@else.example')
    const forged = address.replace('victim', 'other')
    const [hash = ''] = /(?<==)[A-Z2-7]{6}/.exec(address)!
    for (const text of [
      forged,
      address.replace(
        hash,
        hash.replace(/./, (first) => (first === 'A' ? 'B' : 'A')),
      ),
      address.replace(hash, ''),
      address.replace(`${hash}=`, ''),
      'SRS0=@example.org',
      'SRS0==AA=else.example=victim@example.org',
      'SRS1=AAAAAA=else.example==AAAAAA=AA=other.example=victim@example.org',
      'SRS1=AAAAAA=else.example=@example.org',
    ])
      assert.equal(await leads(opened(), text), Verdict.NO_SUCH_USER, text)
    assert.equal(await leads(opened(), address.replace('example.org', 'strange.example')), Verdict.NOT_OURS)
  })

  test('a forged one is not caught by whoever gets what nobody else does', async () => {
    const directory = opened()
    await directory.SetDomain(domain('example.net', { catchAll: 'tim@example.org' }))
    assert.equal(await leads(directory, 'SRS0=AAAAAA=AA=else.example=x@example.net'), Verdict.NO_SUCH_USER)
    assert.deepEqual(await leads(directory, 'srs0@example.net'), ['tim@example.org'])
  })

  test('who has such a name keeps it', async () => {
    const directory = opened()
    await directory.SetAlias(alias('srs0=desk@example.net', 'tim@example.org'))
    assert.deepEqual(await leads(directory, 'SRS0=desk@example.net'), ['tim@example.org'])
  })

  test('a sender leads back for some weeks, and not for ever', async () => {
    const clock = new ManualClock()
    const directory = await opened.empty({ clock })
    await directory.AddDomain(domain('example.org'))
    const address = await rewritten(directory, 'bob@else.example')
    clock.advance(RETURN_PATH_DAYS * DAY_MS)
    assert.deepEqual(await leads(directory, address), ['bob@else.example'])
    clock.advance(DAY_MS + RESOLUTION_TTL_MS)
    assert.equal(await leads(directory, address), Verdict.NO_SUCH_USER)
    await directory.close()
  })

  test('no sender is rewritten who may come from here anyway, or to whom nothing leads back', async () => {
    const senders = [
      '',
      'tim@example.org',
      'ann@EXAMPLE.NET',
      'no address',
      `${'x'.repeat(240)}@else.example`,
    ]
    const { addresses } = await opened().RewriteSenders({
      senders: senders.map((address) => ({ address, domain: 'example.org' })),
    })
    assert.deepEqual(addresses, senders)
  })

  test('each sender gets the domain that forwards, or the first where that is not ours', async () => {
    const { addresses } = await opened().RewriteSenders({
      senders: [
        { address: 'bob@else.example', domain: 'example.net' },
        { address: 'eve@else.example', domain: 'example.org' },
        { address: 'joe@else.example', domain: '' },
      ],
    })
    assert.deepEqual(
      addresses.map((address) => address.replace(/^.*=(.*)@/, '$1 by ')),
      ['bob by example.net', 'eve by example.org', 'joe by example.org'],
    )
  })

  test('a sender who is one of ours by now gets the notice', async () => {
    const directory = await opened.empty()
    await directory.AddDomain(domain('example.org'))
    const address = await rewritten(directory, 'new@later.example')
    await directory.AddDomain(domain('later.example'))
    assert.equal(await leads(directory, address), Verdict.NO_SUCH_USER)
    await addAccount(directory, 'new@later.example')
    assert.deepEqual(await leads(directory, address), ['new@later.example'])
    await directory.close()
  })

  test('what others have forwarded before leads to the first of them, who knows the sender', async () => {
    const directory = opened()
    const first = 'SRS0+abcd=ZZ=sender.example=bob@first.example'
    const second = await rewritten(directory, first)
    assert.match(second, /^SRS1=[A-Z2-7]{6}=first\.example=\+abcd=ZZ=sender\.example=bob@example\.org$/)
    assert.deepEqual(await leads(directory, second), [first])
    const later = second.replace('@example.org', '@second.example').replace(/SRS1=[A-Z2-7]{6}/, 'SRS1=zzzz')
    const third = await rewritten(directory, later, 'example.net')
    assert.match(third, /^SRS1=[A-Z2-7]{6}=first\.example=\+abcd=ZZ=sender\.example=bob@example\.net$/)
    assert.deepEqual(await leads(directory, third), [first])
  })
}
