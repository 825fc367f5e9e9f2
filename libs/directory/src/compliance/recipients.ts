import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { Resolution_Verdict as Verdict } from '@cartero/contracts/directory'
import { resolveOne, senderAllowed } from '../directory.ts'
import type { AddressRule } from '../ruled-resolution.ts'
import { account, addAccount, alias, domain, readers } from './house.ts'
import type { Opened } from './index.ts'

export function recipientPromises(opened: Opened): void {
  before(async () => {
    await opened().AddDomain(domain('example.org'))
    await addAccount(opened(), 'tim@example.org')
    await addAccount(opened(), 'ann@example.org')
  })

  test('each address has its answer, in order, also one that is none', async () => {
    const addresses = [
      'ann+x@example.org',
      'nobody@example.org',
      'tim@else.example',
      '',
      'tim@example.org',
      'postmaster',
    ]
    const { resolutions } = await opened().Resolve({ addresses })
    assert.deepEqual(
      resolutions.map(({ verdict, targets }) => targets[0]?.account ?? verdict),
      [
        'ann@example.org',
        Verdict.NO_SUCH_USER,
        Verdict.NOT_OURS,
        Verdict.NOT_OURS,
        'tim@example.org',
        'tim@example.org',
      ],
    )
    assert.equal(resolutions[0]?.targets[0]?.detail, 'x')
    assert.deepEqual(await opened().Resolve({ addresses: [] }), { resolutions: [] })
  })

  test('a rule wins over the mailbox, and makes no relay for domains that are not ours', async () => {
    const rules = new Map<string, AddressRule>([
      ['tim@example.org', 'away'],
      ['nobody@example.org', 'away'],
      ['tim@else.example', 'away'],
      ['ann@example.org', 'refuse'],
    ])
    const directory = await opened.empty({ ruleFor: (address) => rules.get(address) })
    await directory.AddDomain(domain('example.org'))
    await addAccount(directory, 'tim@example.org')
    await addAccount(directory, 'ann@example.org')
    const addresses = [...rules.keys(), 'other@example.org']
    const { resolutions } = await directory.Resolve({ addresses })
    const away = (address: string) => ({
      verdict: Verdict.ACCEPT,
      targets: [],
      forwards: [address],
      collected: [],
    })
    const none = (verdict: Verdict) => ({ verdict, targets: [], forwards: [], collected: [] })
    const expected = [
      away('tim@example.org'),
      away('nobody@example.org'),
      none(Verdict.NOT_OURS),
      none(Verdict.DISABLED),
      none(Verdict.NO_SUCH_USER),
    ]
    assert.deepEqual(resolutions, expected)
    assert.deepEqual(
      addresses.map((address) => directory.resolveNow(address)),
      expected,
    )
    await directory.close()
  })

  test('an answer that was given is at hand', async () => {
    const directory = opened()
    const asked = await resolveOne(directory, 'ann@example.org')
    assert.deepEqual(directory.resolveNow('ann@example.org'), asked)
    assert.equal(await senderAllowed(directory, 'ann@example.org', 'ann@example.org'), true)
    assert.equal(directory.senderAllowedNow('ann@example.org', 'ann@example.org'), true)
    assert.equal(await senderAllowed(directory, 'ann@example.org', 'tim@example.org'), false)
    assert.equal(directory.senderAllowedNow('ann@example.org', 'tim@example.org'), false)
  })

  test('no answer at hand is older than a change', async () => {
    const directory = opened()
    const changes: readonly (readonly [
      change: () => Promise<unknown>,
      expected: readonly string[] | number,
    ])[] = [
      [() => directory.SetAlias(alias('new@example.org', 'tim@example.org')), ['tim@example.org']],
      [() => directory.SetAlias(alias('new@example.org', 'ann@example.org')), ['ann@example.org']],
      [() => directory.RemoveAlias({ address: 'new@example.org' }), Verdict.NO_SUCH_USER],
      [
        () => directory.SetDomain(domain('example.org', { catchAll: 'tim@example.org' })),
        ['tim@example.org'],
      ],
      [() => directory.SetDomain(domain('example.org')), Verdict.NO_SUCH_USER],
      [() => addAccount(directory, 'new@example.org'), ['new@example.org']],
      [() => directory.SetAccount(account('new@example.org', { disabled: true })), Verdict.DISABLED],
      [() => directory.RemoveAccount({ address: 'new@example.org' }), Verdict.NO_SUCH_USER],
    ]
    for (const [change, expected] of changes) {
      await resolveOne(directory, 'new@example.org')
      await senderAllowed(directory, 'tim@example.org', 'new@example.org')
      await change()
      const now = await resolveOne(directory, 'new@example.org')
      const accounts = now.targets.map((target) => target.account)
      assert.deepEqual(accounts.length > 0 ? accounts : now.verdict, expected)
      const mine = await senderAllowed(directory, 'tim@example.org', 'new@example.org')
      assert.equal(mine, change === changes[0]![0])
    }
  })

  test('an answer from before a change is not kept after it', async () => {
    const directory = opened()
    const asked = readers(directory, 'late@example.org')
    const change = directory.SetAlias(alias('late@example.org', 'tim@example.org'))
    await Promise.all([asked, change])
    assert.deepEqual(await readers(directory, 'late@example.org'), ['tim@example.org'])
    const now = directory.resolveNow('late@example.org')
    assert.deepEqual(now?.targets, [{ account: 'tim@example.org', detail: '' }])
  })
}
