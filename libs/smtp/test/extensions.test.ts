import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { EXTENSIONS, MAIL_PARAMETERS, parseOffer, RCPT_PARAMETERS, type Extension } from '@cartero/smtp'
import {
  DEFAULT_LIMITS,
  serveSession,
  SmtpServerMachine,
  type Honours,
  type SmtpServerOptions,
} from '@cartero/smtp/server'
import { Pump } from './pump.ts'
import { scriptSession, type Ability } from './script-session.ts'

const TLS = { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' }

const abilities = fc.subarray<Ability>([
  'auth',
  'verify',
  'expand',
  'xclient',
  'xforward',
  'etrn',
  'atrn',
  'turn',
  'dsn',
  'binary',
  'deliverBy',
  'futureRelease',
  'priority',
  'requireTls',
  'solicitations',
  'terminals',
])
const options = fc.record({
  startTls: fc.constant(true),
  requireTls: fc.boolean(),
  requireAuth: fc.boolean(),
  allowPlaintextAuth: fc.boolean(),
})

/** A conversation with a server that can so much. */
class Talk {
  readonly #pump: Pump<never, never>

  constructor(can: readonly Ability[], given: Partial<SmtpServerOptions>, honours?: Honours) {
    const session = scriptSession(new Set(can), [])
    if (honours !== undefined) session.honours = () => honours
    const machine = new SmtpServerMachine(session, { hostname: 'mx.example', ...given })
    this.#pump = new Pump(machine, serveSession(session)) as unknown as Pump<never, never>
  }

  async say(line: string): Promise<readonly string[]> {
    this.#pump.machine.receive(Buffer.from(`${line}\r\n`))
    return (await this.#pump.run()).toString().split('\r\n').slice(0, -1)
  }

  async offer(): Promise<ReadonlyMap<string, string>> {
    const lines = await this.say('EHLO client.example')
    return parseOffer(lines.filter((line) => line.startsWith('250')).map((line) => line.slice(4)))
  }

  async startTls(): Promise<void> {
    await this.say('STARTTLS')
    this.#pump.machine.tlsStarted(TLS)
  }
}

// RFC 3207 §4.2, RFC 4954 §3: these two go once they are done
const gone = (before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] =>
  [...before.keys()].filter((keyword) => !after.has(keyword) && keyword !== 'STARTTLS' && keyword !== 'AUTH')

test('nothing is offered before TLS and authentication that is not offered after', async () => {
  await fc.assert(
    fc.asyncProperty(abilities, options, async (can, given) => {
      const talk = new Talk(can, given)
      const inTheClear = await talk.offer()
      await talk.startTls()
      const underTls = await talk.offer()
      assert.deepEqual(gone(inTheClear, underTls), [])
      assert.equal(underTls.has('STARTTLS'), false)
      if (!can.includes('auth')) return
      assert.deepEqual(await talk.say('AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm'), [
        '235 2.7.0 Authentication succeeded',
      ])
      const authenticated = await talk.offer()
      assert.deepEqual(gone(underTls, authenticated), [])
      assert.equal(authenticated.has('AUTH'), false)
    }),
    { numRuns: 60 },
  )
})

/** Something that its grammar takes, so that only the extension decides. */
const EXAMPLES: Readonly<Record<string, string>> = {
  SIZE: 'SIZE=1',
  BODY: 'BODY=8BITMIME',
  SMTPUTF8: 'SMTPUTF8',
  AUTH: 'AUTH=<>',
  RET: 'RET=FULL',
  ENVID: 'ENVID=x',
  BY: 'BY=120;R',
  HOLDFOR: 'HOLDFOR=1',
  HOLDUNTIL: 'HOLDUNTIL=2029-01-01T00:00:00Z',
  'MT-PRIORITY': 'MT-PRIORITY=1',
  REQUIRETLS: 'REQUIRETLS',
  SOLICIT: 'SOLICIT=a',
  NOTIFY: 'NOTIFY=NEVER',
  ORCPT: 'ORCPT=rfc822;x',
}

test('a parameter is understood if and only if its extension is offered', async () => {
  await fc.assert(
    fc.asyncProperty(abilities, async (can) => {
      const talk = new Talk(can, { tls: TLS })
      const offer = await talk.offer()
      const understood = async (command: string, keyword: string, extension: Extension): Promise<void> => {
        const [reply] = await talk.say(`${command} ${EXAMPLES[keyword]!}`)
        const expected = offer.has(extension) ? '250' : '555'
        assert.equal(reply!.slice(0, 3), expected, `${keyword}: ${reply}`)
      }
      for (const { keyword, extension } of MAIL_PARAMETERS) {
        await understood('MAIL FROM:<a@client.example>', keyword, extension)
        await talk.say('RSET')
      }
      await talk.say('MAIL FROM:<a@client.example>')
      for (const { keyword, extension } of RCPT_PARAMETERS) {
        await understood('RCPT TO:<smith@mx.example>', keyword, extension)
      }
    }),
    { numRuns: 40 },
  )
})

test('a verb that is offered is there, and one that is not is not', async () => {
  await fc.assert(
    fc.asyncProperty(abilities, async (can) => {
      const talk = new Talk(can, { tls: TLS })
      const offer = await talk.offer()
      const commands = {
        EXPN: 'EXPN list',
        ETRN: 'ETRN home.example',
        SEND: 'SEND FROM:<a@client.example>',
        SOML: 'SOML FROM:<a@client.example>',
        SAML: 'SAML FROM:<a@client.example>',
        XFORWARD: 'XFORWARD NAME=a',
        XCLIENT: 'XCLIENT NAME=a',
      }
      const [help] = await talk.say('HELP')
      for (const [keyword, command] of Object.entries(commands)) {
        const reply = (await talk.say(command)).at(-1)!
        assert.equal(reply.startsWith('2'), offer.has(keyword), `${command}: ${reply}`)
        assert.equal(help!.split(' ').includes(keyword), offer.has(keyword), 'HELP says otherwise')
        await talk.say('RSET')
      }
    }),
    { numRuns: 40 },
  )
})

test('a DELIVERBY for which any time will do names none', async () => {
  const talk = new Talk([], { tls: TLS }, { deliverBy: { minimum: 0 } })
  assert.equal((await talk.offer()).get('DELIVERBY'), '')
})

test('every keyword that is offered is one of the table', async () => {
  const all = await new Talk(
    ['auth', 'verify', 'expand', 'xclient', 'xforward', 'etrn', 'atrn', 'turn', 'dsn', 'terminals'],
    {
      tls: TLS,
    },
  ).offer()
  for (const keyword of all.keys()) assert.ok(keyword in EXTENSIONS, keyword)
})

test('commands as long as the extensions allow fit into a line', async () => {
  const address = `${'a'.repeat(64)}@${['b', 'c', 'd'].map((letter) => letter.repeat(62)).join('.')}.${'e'.repeat(62)}.f`
  const submitter = `AUTH=${'+2B'.repeat(160)}@x`
  const mail = [
    `MAIL FROM:<@${'r'.repeat(60)}.example:${address}>`,
    'SIZE=00000000000000000001',
    'BODY=BINARYMIME',
    'SMTPUTF8',
    submitter,
    'RET=HDRS',
    `ENVID=${'x'.repeat(100)}`,
    'BY=-123456789;NT',
    'HOLDUNTIL=2029-12-31T23:59:59.123456789+00:00',
    'MT-PRIORITY=-9',
    'REQUIRETLS',
    `SOLICIT=${'a'.repeat(1000)}`,
  ].join(' ')
  const rcpt = `RCPT TO:<${address}> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;${'x'.repeat(493)}`
  assert.ok(mail.length + 2 <= DEFAULT_LIMITS.commandLine, `${mail.length} octets`)
  const talk = new Talk(
    ['auth', 'binary', 'dsn', 'deliverBy', 'futureRelease', 'priority', 'requireTls', 'solicitations'],
    { tls: TLS },
  )
  await talk.offer()
  assert.deepEqual(await talk.say(mail), ['250 2.1.0 Sender OK'])
  assert.deepEqual(await talk.say(rcpt), ['250 2.1.5 Recipient OK'])
})
