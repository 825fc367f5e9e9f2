import assert from 'node:assert/strict'
import { test } from 'node:test'
import { account, addAccount, alias, domain, refuses } from './house.ts'
import type { Opened } from './index.ts'

export function accountPromises(opened: Opened): void {
  test('an account needs a domain, and is told how to get one', async () => {
    const added = addAccount(opened(), 'tim@example.org')
    await refuses('notFound', /cartero domain add example\.org/, added)
  })

  test('an account is listed in its one form, with all that is said of it', async () => {
    const directory = opened()
    await directory.AddDomain(domain('example.org'))
    await directory.AddDomain(domain('example.net'))
    await directory.AddAccount({
      ...account('Tim@Example.Org', { quota: 2n ** 63n - 1n }),
      password: 'secret',
    })
    await directory.AddAccount({ ...account('"a b"@example.net', { disabled: true }), password: 'secret' })
    assert.deepEqual(await directory.ListAccounts({ domain: '' }), {
      accounts: [
        { address: '"a b"@example.net', disabled: true, quota: 0n },
        { address: 'tim@example.org', disabled: false, quota: 2n ** 63n - 1n },
      ],
    })
    const { accounts } = await directory.ListAccounts({ domain: 'EXAMPLE.net' })
    assert.deepEqual(
      accounts.map(({ address }) => address),
      ['"a b"@example.net'],
    )
  })

  test('an address has one owner', async () => {
    const directory = opened()
    await directory.SetAlias(alias('info@example.org', 'tim@example.org'))
    await refuses('exists', /there is an account tim@example\.org/, addAccount(directory, 'TIM@example.org'))
    await refuses('exists', /is an alias.*cartero alias remove/, addAccount(directory, 'info@example.org'))
    await refuses('exists', /is an account/, directory.SetAlias(alias('tim@example.org', 'tim@example.org')))
  })

  test('of two who add the same account at once, one is refused', async () => {
    const directory = opened()
    const outcomes = await Promise.allSettled([
      addAccount(directory, 'ann@example.org'),
      addAccount(directory, 'Ann@example.org'),
    ])
    assert.deepEqual(outcomes.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
  })

  test('what is no address, no password or no quota is refused', async () => {
    const directory = opened()
    for (const address of [
      '',
      'tim',
      'tim@',
      '@example.org',
      'tim@[192.0.2.1]x',
      'a b@example.org',
      'tim@example.org\0',
    ]) {
      await refuses('invalid', /is not an address/, addAccount(directory, address))
    }
    await refuses('invalid', /empty/, addAccount(directory, 'new@example.org', ''))
    await refuses('invalid', /1024 octets/, addAccount(directory, 'new@example.org', 'x'.repeat(1025)))
    await refuses('invalid', /control characters/, addAccount(directory, 'new@example.org', 'a\nb'))
    await refuses(
      'invalid',
      /quota/,
      directory.AddAccount({ ...account('new@example.org', { quota: 2n ** 63n }), password: 'x' }),
    )
    await refuses('invalid', /no account/, directory.AddAccount({ password: 'x' }))
  })

  test('no password is kept so that it can be read again where there is no key for it', async () => {
    const directory = await opened.empty()
    await directory.AddDomain(domain('example.org'))
    const wish = account('eve@example.org', { reversibleSecret: true })
    await refuses('invalid', /no key/, directory.AddAccount({ ...wish, password: 'words' }))
    await addAccount(directory, 'eve@example.org')
    await refuses('invalid', /no key/, directory.SetAccount(wish))
    await directory.close()
  })

  test('an account can be changed, and only one that exists', async () => {
    const directory = opened()
    await directory.SetAccount(account('TIM@example.org', { quota: 5n }))
    const { accounts } = await directory.ListAccounts({ domain: 'example.org' })
    assert.deepEqual(accounts.at(-1), { address: 'tim@example.org', disabled: false, quota: 5n })
    const nobody = 'nobody@example.org'
    await refuses('notFound', /account list/, directory.SetAccount(account(nobody)))
    await refuses('notFound', /account list/, directory.SetPassword({ address: nobody, password: 'x' }))
    await refuses('notFound', /account list/, directory.RemoveAccount({ address: nobody }))
  })

  test('what looks like SQL is only a name', async () => {
    const directory = opened()
    const hostile = `"'); drop table account; --"@example.org`
    await addAccount(directory, hostile)
    await directory.SetAlias(alias(`"' or '1'='1"@example.org`, hostile))
    const { resolutions } = await directory.Resolve({
      addresses: [`"' or '1'='1"@example.org`, '%@example.org'],
    })
    assert.deepEqual(resolutions[0]?.targets, [{ account: hostile, detail: '' }])
    assert.deepEqual(resolutions[1]?.targets, [])
    await directory.RemoveAccount({ address: hostile })
    assert.ok((await directory.ListAccounts({ domain: '' })).accounts.length > 0)
  })
}
