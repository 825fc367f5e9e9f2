import assert from 'node:assert/strict'
import { deriveScramKeys, mechanismNamed, type CredentialVerifier } from '@cartero/sasl'
import {
  replies,
  serveSession,
  SmtpServerMachine,
  type MailCommand,
  type ServedSession,
  type SmtpServerOptions,
} from '@cartero/smtp/server'
import { cut } from './cut.ts'
import type { Target } from './engine.ts'
import { pump } from './pump.ts'

const keys = await deriveScramKeys('pencil', Buffer.from('salt'), 4096)
const verifier: CredentialVerifier = {
  password: (login, password) =>
    Promise.resolve(login === 'tim' && password === 'pencil' ? 'tim@mx.example' : undefined),
  scramKeys: (login) => Promise.resolve(login === 'tim' ? { ...keys, account: 'tim@mx.example' } : keys),
}

/** A session that holds the machine to the order of its calls, and decides by the local part. */
class WatchfulSession implements ServedSession {
  accepted = 0
  content: Buffer[] = []
  messages: Buffer[] = []
  #state: 'idle' | 'mail' | 'data' | 'over' = 'idle'
  #isBinary = false

  honours(): object {
    return {
      dsn: true,
      binary: true,
      deliverBy: { minimum: 60 },
      futureRelease: { seconds: 3600, until: 4e12 },
      priority: true,
      requireTls: true,
      solicitations: ['net.example:ADV'],
      terminals: true,
    }
  }

  mail(command: MailCommand): undefined {
    assert.equal(this.#state, 'idle', 'mail in a transaction')
    this.#isBinary = command.parameters.body === 'BINARYMIME'
    this.#state = 'mail'
    this.accepted = 0
    this.content = []
  }

  rcpt({ forwardPath }: { readonly forwardPath: 'postmaster' | { readonly localPart: string } }) {
    assert.equal(this.#state, 'mail', 'rcpt outside a transaction')
    if (forwardPath !== 'postmaster' && forwardPath.localPart === 'unknown') return replies.noSuchMailbox
    this.accepted++
    return undefined
  }

  data(): undefined {
    assert.equal(this.#state, 'mail', 'data outside a transaction')
    assert.ok(this.accepted > 0, 'data for nobody')
    this.#state = 'data'
  }

  body(octets: Buffer): undefined {
    assert.equal(this.#state, 'data', 'octets outside a message')
    assert.ok(octets.length > 0, 'no octets')
    this.content.push(Buffer.from(octets))
  }

  endOfData() {
    assert.equal(this.#state, 'data', 'the end of no message')
    this.#state = 'idle'
    const message = Buffer.concat(this.content)
    if (!this.#isBinary) checkMessage(message)
    this.messages.push(message)
    return replies.done
  }

  reset(): void {
    assert.ok(this.#state === 'mail' || this.#state === 'data', 'reset of nothing')
    this.#state = 'idle'
  }

  closed(): void {
    assert.notEqual(this.#state, 'over', 'closed twice')
    this.#state = 'over'
  }

  mechanisms(): readonly string[] {
    return ['SCRAM-SHA-256', 'PLAIN', 'LOGIN']
  }

  start(mechanism: string) {
    return mechanismNamed(mechanism)!.create({ verifier, inTheClear: true, newNonce: () => 'server-nonce' })
  }

  xclient(): undefined {
    assert.ok(this.#state === 'idle', 'XCLIENT in a transaction')
  }

  xforward(): undefined {}

  verify(): typeof replies.cannotVerify {
    return replies.cannotVerify
  }

  expand() {
    return replies.expanded(['<a@b.example>'])
  }
}

const OPTIONS: SmtpServerOptions = {
  hostname: 'mx.example',
  startTls: true,
  allowPlaintextAuth: true,
  limits: { messageSize: 4096, discarded: 20_000, recipients: 5 },
}

/** What stands in a reply that depends on how the input was cut: who pipelines where he may not is told so if it is seen. */
const CUT_MATTERS = /Nothing may be pipelined behind|Ready to start TLS|334 |Goodbye/

interface Outcome {
  readonly said: Buffer
  readonly messages: readonly Buffer[]
}

async function converse(chunks: readonly Buffer[]): Promise<Outcome> {
  const session = new WatchfulSession()
  const served = session as unknown as ServedSession
  const faults: unknown[] = []
  const machine = new SmtpServerMachine(served, {
    ...OPTIONS,
    observer: (event) => void (event.kind === 'bug' && faults.push(event.error)),
  })
  const said = await pump(machine, serveSession(served), chunks)
  machine.disconnected()
  // What the session throws becomes a 451: look behind it.
  assert.deepEqual(faults, [])
  return { said, messages: session.messages }
}

/** Every line of every reply, RFC 5321 §4.2.1 and RFC 5321 §4.5.3.1.5. */
function checkReplies(said: Buffer): void {
  const text = said.toString('latin1')
  if (text === '') return
  assert.ok(text.endsWith('\r\n'), 'a reply without its end')
  for (const line of text.slice(0, -2).split('\r\n')) {
    assert.match(line, /^[2-5][0-5]\d[ -][\x20-\x7e]*$/, 'no reply line')
    assert.ok(line.length <= 510, 'a reply line that is too long')
  }
}

/** What was accepted and is not binary has whole line ends only. */
// RFC 5321 §2.3.8, RFC 3030 §3
function checkMessage(message: Buffer): void {
  assert.ok(!/\r(?!\n)|(?<!\r)\n/.test(message.toString('latin1')), 'a bare CR or LF was accepted')
  assert.ok(!message.includes(0), 'a NUL was accepted')
}

const lines = (...text: readonly string[]): Buffer => Buffer.from(text.join('\r\n') + '\r\n', 'latin1')

/** Anything a client may say: nothing is thrown, replies are replies, messages are clean, and chunks do not matter. */
export const smtpServer: Target = {
  name: 'smtp-server',
  scripts: /\/libs\/(smtp|sasl|syntax|wire)\/src\//,
  words: [
    'EHLO client.example',
    'HELO client.example',
    'LHLO client.example',
    'MAIL FROM:<a@client.example>',
    'MAIL FROM:<>',
    'RCPT TO:<b@mx.example>',
    'RCPT TO:<unknown@mx.example>',
    'RCPT TO:<Postmaster>',
    'DATA',
    '.',
    '..',
    'BDAT 5',
    'BDAT 0 LAST',
    'BDAT 10 LAST',
    'RSET',
    'NOOP',
    'QUIT',
    'VRFY tim',
    'EXPN list',
    'HELP MAIL',
    'STARTTLS',
    'AUTH PLAIN',
    'AUTH LOGIN',
    'AUTH SCRAM-SHA-256',
    '*',
    '=',
    'AHRpbQBwZW5jaWw=',
    'SEND FROM:<a@b.example>',
    'SAML FROM:<a@b.example>',
    'XCLIENT NAME=a.example ADDR=192.0.2.1',
    'XFORWARD HELO=x',
    ' SIZE=100',
    ' BODY=8BITMIME',
    ' BODY=BINARYMIME',
    ' SMTPUTF8',
    ' RET=HDRS',
    ' ENVID=a+2Bb',
    ' NOTIFY=SUCCESS,FAILURE',
    ' ORCPT=rfc822;a+40b',
    ' BY=120;R',
    ' BY=-5;NT',
    ' HOLDFOR=60',
    ' HOLDUNTIL=2030-01-01T00:00:00Z',
    ' MT-PRIORITY=-3',
    ' REQUIRETLS',
    ' AUTH=<>',
    ' SOLICIT=net.example:ADV',
    '\r\n',
    '\r',
    '\n',
    '\r\n.\r\n',
    '\n.\n',
    '\r.\r',
    '\n.\r\n',
    '\r\n.\n',
    '@a.example,@b.example:',
    '"q\\"x"@',
    '[IPv6:::1]',
    '[192.0.2.1]',
    '\u00c3\u00a9',
  ],
  seeds: [
    lines(
      'EHLO c.example',
      'MAIL FROM:<a@c.example> SIZE=20',
      'RCPT TO:<b@mx.example>',
      'RCPT TO:<unknown@mx.example>',
      'DATA',
    ),
    lines(
      'EHLO c.example',
      'MAIL FROM:<a@c.example>',
      'RCPT TO:<b@mx.example>',
      'BDAT 7',
      'Hello',
      'BDAT 5 LAST',
      'Bye',
      'QUIT',
    ),
    lines('HELO c.example', 'VRFY tim', 'EXPN x', 'HELP', 'NOOP', 'RSET', 'QUIT'),
    lines(
      'EHLO c.example',
      'AUTH PLAIN AHRpbQBwZW5jaWw=',
      'MAIL FROM:<a@c.example> RET=FULL ENVID=x',
      'RCPT TO:<b@mx.example> NOTIFY=NEVER',
    ),
    lines('EHLO c.example', 'AUTH LOGIN', 'dGlt', 'cGVuY2ls'),
  ],
  async run(input, random) {
    // The client waits for the greeting, and where it must wait it is given a second life: a chunk ends there.
    const whole = await converse(atWaitingPoints(input))
    checkReplies(whole.said)
    if (CUT_MATTERS.test(whole.said.toString('latin1'))) return
    const parts = await converse(cut(input, random))
    if (CUT_MATTERS.test(parts.said.toString('latin1'))) return
    assert.equal(parts.said.toString('latin1'), whole.said.toString('latin1'), 'chunks matter')
    assert.deepEqual(parts.messages, whole.messages, 'chunks matter to a message')
  },
}

/** A client that waits behind DATA and AUTH: what follows comes in a chunk of its own. */
function atWaitingPoints(input: Buffer): Buffer[] {
  const text = input.toString('latin1')
  const chunks: Buffer[] = []
  let from = 0
  for (const match of text.matchAll(/^(?:DATA|AUTH [^\r\n]*|STARTTLS|QUIT)\r\n/gim)) {
    const to = match.index + match[0].length
    chunks.push(Buffer.from(input.subarray(from, to)))
    from = to
  }
  chunks.push(Buffer.from(input.subarray(from)))
  return chunks.filter((chunk) => chunk.length > 0)
}
