import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addAccount, alias, domain, refuses } from './house.ts'
import type { Opened } from './index.ts'

export function domainPromises(opened: Opened): void {
  test('a domain is listed in its one form, once, in order', async () => {
    const directory = opened()
    await directory.AddDomain(domain('Second.Example'))
    await directory.AddDomain(domain('bücher.example'))
    await directory.AddDomain(domain('first.example', { catchAll: 'Tim@First.Example' }))
    const { domains } = await directory.ListDomains({})
    assert.deepEqual(domains, [
      { name: 'first.example', catchAll: 'tim@first.example', postmaster: '' },
      { name: 'second.example', catchAll: '', postmaster: '' },
      { name: 'xn--bcher-kva.example', catchAll: '', postmaster: '' },
    ])
  })

  test('a domain is not added twice, however it is written', async () => {
    await refuses('exists', /xn--bcher-kva/, opened().AddDomain(domain('BÜCHER.example')))
  })

  test('what is no domain is refused', async () => {
    const names = [
      '',
      'a..example',
      '-a.example',
      'a b.example',
      'x@a.example',
      'a.example/',
      '192.0.2.1',
      'a%41.example',
    ]
    for (const name of names) await refuses('invalid', /not a domain name/, opened().AddDomain(domain(name)))
    await refuses('invalid', /no domain/, opened().AddDomain({}))
  })

  test('a catch-all or postmaster elsewhere, or that is no address, is refused', async () => {
    const directory = opened()
    await refuses(
      'notFound',
      /domain add else\.example/,
      directory.AddDomain(domain('a.example', { catchAll: 'x@else.example' })),
    )
    await refuses(
      'invalid',
      /postmaster 'tim'/,
      directory.AddDomain(domain('a.example', { postmaster: 'tim' })),
    )
  })

  test('what is said of a domain can be changed', async () => {
    const directory = opened()
    await directory.SetDomain(domain('second.example', { postmaster: 'tim@first.example' }))
    const { domains } = await directory.ListDomains({})
    assert.equal(domains.find(({ name }) => name === 'second.example')?.postmaster, 'tim@first.example')
    await refuses('notFound', /domain add none\.example/, directory.SetDomain(domain('none.example')))
  })

  test('a domain that somebody needs is not removed', async () => {
    const directory = opened()
    await refuses(
      'inUse',
      /catch-all or postmaster of second/,
      directory.RemoveDomain({ name: 'first.example' }),
    )
    await directory.SetDomain(domain('second.example'))
    await addAccount(directory, 'tim@first.example')
    await directory.AddDomain(domain('third.example'))
    await directory.SetAlias(alias('tim@third.example', 'tim@first.example'))
    await refuses('inUse', /1 account and 0 aliases/, directory.RemoveDomain({ name: 'first.example' }))
    await refuses('inUse', /0 accounts and 1 alias/, directory.RemoveDomain({ name: 'third.example' }))
    await directory.RemoveAccount({ address: 'tim@first.example' })
    await refuses('inUse', /alias tim@third\.example/, directory.RemoveDomain({ name: 'first.example' }))
    await directory.RemoveAlias({ address: 'tim@third.example' })
    await directory.RemoveDomain({ name: 'First.Example' })
    await refuses('notFound', /domain add first/, directory.RemoveDomain({ name: 'first.example' }))
  })
}
