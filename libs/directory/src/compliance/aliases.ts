import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { Resolution_Verdict as Verdict } from '@cartero/contracts/directory'
import { resolveOne, senderAllowed } from '../directory.ts'
import { addAccount, alias, domain, readers, refuses } from './house.ts'
import type { Opened } from './index.ts'

export function aliasPromises(opened: Opened): void {
  before(async () => {
    await opened().AddDomain(domain('example.org'))
    await opened().AddDomain(domain('example.net'))
    await addAccount(opened(), 'tim@example.org')
    await addAccount(opened(), 'ann@example.org')
  })

  test('an alias keeps its targets in order, each once, and can be replaced', async () => {
    const directory = opened()
    await directory.SetAlias(
      alias('Info@example.org', 'tim@example.org', 'ann@example.org', 'TIM@example.org'),
    )
    await directory.SetAlias(alias('all@example.net', 'info@example.org'))
    const info = { address: 'info@example.org', targets: ['tim@example.org', 'ann@example.org'] }
    assert.deepEqual(await directory.ListAliases({ domain: '' }), {
      aliases: [{ address: 'all@example.net', targets: ['info@example.org'] }, info],
    })
    assert.deepEqual((await directory.ListAliases({ domain: 'example.org' })).aliases, [info])
    await directory.SetAlias(alias('info@example.org', 'ann@example.org'))
    assert.deepEqual(await readers(directory, 'all@example.net'), ['ann@example.org'])
  })

  test('an alias that would lead nowhere is refused, and says why', async () => {
    const directory = opened()
    const set = (...targets: string[]): Promise<unknown> =>
      directory.SetAlias(alias('new@example.org', ...targets))
    await refuses('invalid', /at least one target/, set())
    await refuses('invalid', /target 'tim' is not an address/, set('tim'))
    await refuses('notFound', /account add nobody@example\.org/, set('tim@example.org', 'nobody@example.org'))
    await refuses('invalid', /circle/, set('new@example.org'))
    await refuses(
      'invalid',
      /at most 100/,
      set(...Array.from({ length: 101 }, (_, n) => `tim+${n}@example.org`)),
    )
    await refuses(
      'notFound',
      /domain add else/,
      directory.SetAlias(alias('new@else.example', 'tim@example.org')),
    )
    await refuses('invalid', /no alias/, directory.SetAlias({}))
    assert.equal(await readers(directory, 'new@example.org'), 2)
  })

  test('an alias may lead elsewhere, in capitals that may count there', async () => {
    const directory = opened()
    const targets = ['tim@example.org', 'Tim.Jones@else.example', 'bob@b\u00fccher.example']
    await directory.SetAlias(alias('out@example.org', ...targets))
    const { resolutions } = await directory.Resolve({ addresses: ['out@example.org'] })
    assert.deepEqual(resolutions, [
      {
        verdict: Verdict.ACCEPT,
        targets: [{ account: 'tim@example.org', detail: '' }],
        forwards: ['Tim.Jones@else.example', 'bob@xn--bcher-kva.example'],
        collected: [],
      },
    ])
    await directory.SetAlias(alias('out@example.org', 'Tim.Jones@else.example'))
    assert.deepEqual((await resolveOne(directory, 'out@example.org')).forwards, ['Tim.Jones@else.example'])
    await directory.RemoveAlias({ address: 'out@example.org' })
  })

  test('who has mail forwarded gets no right to send by it', async () => {
    const directory = opened()
    await directory.SetAlias(alias('out@example.org', 'ann@else.example', 'tim@example.org'))
    assert.equal(await senderAllowed(directory, 'ann@example.org', 'out@example.org'), false)
    assert.equal(await senderAllowed(directory, 'tim@example.org', 'ann@else.example'), false)
    assert.equal(await senderAllowed(directory, 'tim@example.org', 'out@example.org'), true)
    await directory.RemoveAlias({ address: 'out@example.org' })
  })

  test('a circle is refused where it would close', async () => {
    const directory = opened()
    await directory.SetAlias(alias('a@example.org', 'tim@example.org'))
    await directory.SetAlias(alias('b@example.org', 'a@example.org'))
    await directory.SetAlias(alias('c@example.org', 'b@example.org'))
    await refuses(
      'invalid',
      /a@example\.org would lead in a circle/,
      directory.SetAlias(alias('a@example.org', 'c@example.org')),
    )
    assert.deepEqual(await readers(directory, 'c@example.org'), ['tim@example.org'])
  })

  test('an alias outlives an account that it leads to', async () => {
    const directory = opened()
    await addAccount(directory, 'zoe@example.org')
    await directory.SetAlias(alias('zoe-and-tim@example.org', 'zoe@example.org', 'tim@example.org'))
    await directory.RemoveAccount({ address: 'zoe@example.org' })
    assert.deepEqual(await readers(directory, 'zoe-and-tim@example.org'), ['tim@example.org'])
  })

  test('an alias that is removed is gone', async () => {
    const directory = opened()
    await directory.RemoveAlias({ address: 'ALL@example.net' })
    assert.deepEqual((await directory.ListAliases({ domain: 'example.net' })).aliases, [])
    await refuses('notFound', /alias list/, directory.RemoveAlias({ address: 'all@example.net' }))
    await refuses('notFound', /alias list/, directory.RemoveAlias({ address: 'tim@example.org' }))
  })
}
