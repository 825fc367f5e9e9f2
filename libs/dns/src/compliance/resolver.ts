import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { DnsError, type DnsAnswer, type RecordType, type Resolver } from '../ports.ts'

/** A resolver that knows `COMPLIANCE_ZONE`, and gives back what it holds. */
export interface ResolverUnderTest extends AsyncDisposable {
  readonly resolver: Resolver
  /** What `isValidated` says of every answer. */
  readonly isValidated: boolean
}

export interface ComplianceOptions {
  readonly open: () => Promise<ResolverUnderTest>
  readonly skip?: string | false
}

/** What every Resolver must pass. */
export function testResolver(name: string, { open, skip = false }: ComplianceOptions): void {
  describe(`${name} is a Resolver`, { skip, timeout: 30_000 }, () => {
    let under: ResolverUnderTest
    before(async () => {
      under = await open()
    })
    after(() => under?.[Symbol.asyncDispose]())

    /** Twice, for the second answer may come from elsewhere and must be the same. */
    async function ask<T extends RecordType>(asked: string, type: T): Promise<DnsAnswer<T>> {
      const answer = await under.resolver.ask(asked, type)
      assert.deepEqual(await under.resolver.ask(asked, type), answer)
      assert.equal(answer.isValidated, under.isValidated)
      return answer
    }

    async function found(asked: string, type: RecordType): Promise<readonly unknown[]> {
      const { kind, records, name: owner } = await ask(asked, type)
      assert.equal(kind, 'found')
      assert.equal(owner, asked.toLowerCase())
      return records
    }

    test('the hosts of a domain are found with their preferences', async () => {
      const records = (await found('mail.test', 'MX')) as readonly { preference: number; exchange: string }[]
      assert.deepEqual(
        records.toSorted((a, b) => a.preference - b.preference),
        [
          { preference: 10, exchange: 'mx1.mail.test' },
          { preference: 20, exchange: 'mx2.mail.test' },
        ],
      )
    })

    test('the domain that takes no mail is not taken for one without MX', async () => {
      assert.deepEqual(await found('null.mail.test', 'MX'), [{ preference: 0, exchange: '' }])
    })

    test('addresses of both families are found', async () => {
      assert.deepEqual(await found('mx1.mail.test', 'A'), ['127.0.0.2'])
      assert.deepEqual(await found('mx1.mail.test', 'AAAA'), ['::2'])
      assert.deepEqual(
        (await found('mx2.mail.test', 'A')).map(String).toSorted((a, b) => a.localeCompare(b)),
        ['127.0.0.3', '127.0.0.4'],
      )
    })

    test('upper and lower case are the same name', async () => {
      assert.deepEqual(await found('MX1.Mail.TEST', 'A'), ['127.0.0.2'])
    })

    test('the octets of TLSA are not changed', async () => {
      const data = Uint8Array.from(Buffer.from('0123456789abcdef'.repeat(4), 'hex'))
      const [record] = await found('_25._tcp.mx1.mail.test', 'TLSA')
      assert.deepEqual(record, { usage: 3, selector: 1, matchingType: 1, data })
    })

    test('the strings of a text are one', async () => {
      assert.deepEqual(await found('text.mail.test', 'TXT'), ['v=STSv1; id=20260101;'])
    })

    test('an address leads back to its name', async () => {
      assert.deepEqual(await found('2.0.0.127.mail.test', 'PTR'), ['mx1.mail.test'])
    })

    test('a wildcard stands for names that are not there, and for no others', async () => {
      assert.deepEqual(await found('anything.wild.mail.test', 'A'), ['127.0.0.9'])
      assert.equal((await ask('wild.mail.test', 'A')).kind, 'noData')
    })

    test('aliases are followed to the name that has the records', async () => {
      const { kind, name: owner, records } = await ask('Alias.mail.test', 'A')
      assert.deepEqual(
        { kind, owner, records },
        { kind: 'found', owner: 'mx1.mail.test', records: ['127.0.0.2'] },
      )
    })

    test('an alias itself is found when it is asked for', async () => {
      assert.deepEqual(await found('alias.mail.test', 'CNAME'), ['alias2.mail.test'])
    })

    for (const [asked, type, kind, owner] of [
      ['mx1.mail.test', 'MX', 'noData', 'mx1.mail.test'],
      ['b.deep.mail.test', 'A', 'noData', 'b.deep.mail.test'],
      ['missing.mail.test', 'MX', 'noName', 'missing.mail.test'],
      ['mx1.mail.test', 'CNAME', 'noData', 'mx1.mail.test'],
      ['to-nothing.mail.test', 'A', 'noName', 'missing.mail.test'],
      ['to-no-data.mail.test', 'A', 'noData', 'text.mail.test'],
    ] as const) {
      test(`${kind} is told of ${type} of ${asked}`, async () => {
        const answer = await ask(asked, type)
        assert.deepEqual(
          { ...answer, isValidated: true },
          { kind, name: owner, records: [], isValidated: true },
        )
      })
    }

    for (const asked of [
      '',
      '.',
      'mail.test.',
      'mail..test',
      'büro.test',
      'a b.test',
      `${'x'.repeat(64)}.test`,
      `${'x.'.repeat(126)}xx`,
    ])
      test(`what is no name is not asked for: ${JSON.stringify(asked.slice(0, 20))}`, async () => {
        await assert.rejects(
          under.resolver.ask(asked, 'A'),
          (error) => error instanceof DnsError && error.fault === 'malformed',
        )
      })

    test('who has given up before gets the reason', async () => {
      const reason = new Error('no longer wanted')
      await assert.rejects(
        under.resolver.ask('mail.test', 'MX', AbortSignal.abort(reason)),
        (error) => error === reason,
      )
    })
  })
}
