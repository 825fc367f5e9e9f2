// SEND, SOML and SAML over the running system: what comes on a terminal, and what comes into the mailbox.
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { CarteroProcess, LineClient } from '@cartero/testkit'
import { lookIntoInbox } from '@cartero/testkit/inbox'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))

const folder = mkdtempSync(join(tmpdir(), 'cartero-terminals-'))
let cartero: CarteroProcess

before(async () => {
  const config = join(folder, 'cartero.yaml')
  writeFileSync(config, 'smtp:\n  obsolete_verbs: true\n')
  cartero = await CarteroProcess.start({ args: ['--config', config] })
})
after(async () => {
  assert.equal(await cartero.stop(), 0, cartero.output)
  cartero.removeData()
  rmSync(folder, { recursive: true })
})

/** `cartero terminal` in a process of its own. */
class Screen implements AsyncDisposable {
  readonly #child: ChildProcess
  #text = ''

  constructor(account: string, ...options: string[]) {
    this.#child = spawn(process.execPath, [MAIN, 'terminal', account, '--data', cartero.data, ...options])
    this.#child.stdout!.on('data', (bytes: Buffer) => (this.#text += bytes.toString()))
    this.#child.stderr!.on('data', (bytes: Buffer) => (this.#text += bytes.toString()))
  }

  static async of(account: string, ...options: string[]): Promise<Screen> {
    const screen = new Screen(account, ...options)
    await screen.shows('Ctrl-C ends it')
    return screen
  }

  get text(): string {
    return this.#text
  }

  async shows(text: string): Promise<void> {
    for (let i = 0; i < 200 && !this.#text.includes(text); i++)
      await new Promise((resolve) => setTimeout(resolve, 50))
    assert.ok(this.#text.includes(text), this.#text)
  }

  async ended(): Promise<number | null> {
    if (this.#child.exitCode === null) await once(this.#child, 'exit')
    return this.#child.exitCode
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGINT')
    await this.ended()
  }
}

/** One message by that verb; what RCPT was answered, and then the end of data. */
async function send(verb: string, to: string, text: string): Promise<{ rcpt: string; end: string }> {
  using client = await LineClient.connect(cartero.port(25))
  await client.reply()
  assert.match(await client.smtp('EHLO elsewhere.test'), new RegExp(`^250[- ]${verb}\r$`, 'm'))
  assert.match(await client.smtp(`${verb} FROM:<stranger@elsewhere.test>`), /^250/)
  const rcpt = await client.smtp(`RCPT TO:<${to}>`)
  if (!rcpt.startsWith('250')) return { rcpt, end: '' }
  await client.smtp('DATA')
  const letter = `From: Stranger <stranger@elsewhere.test>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\n${text}\r\n.`
  return { rcpt, end: await client.smtp(letter) }
}

/** Whether a letter with this text comes into the mailbox, within a while. */
function isInMailbox(localPart: string, text: string, patience = 100): Promise<boolean> {
  return lookIntoInbox(cartero, localPart, async (client) => {
    for (let i = 0; i < patience; i++) {
      await client.mailboxOpen('INBOX')
      const found = await client.search({ body: text })
      if (found !== undefined && found !== false && found.length > 0) return true
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return false
  })
}

describe('a terminal', () => {
  test('shows what is sent to it, and the mailbox gets nothing', async () => {
    await using screen = await Screen.of('alice@cartero.test')
    const { end } = await send('SEND', 'alice@cartero.test', 'come quickly')
    assert.match(end, /^250/)
    await screen.shows('come quickly')
    assert.match(screen.text, /From: Stranger <stranger@elsewhere\.test>/)
    assert.match(screen.text, /Subject: Grüße/)
    assert.equal(await isInMailbox('alice', 'come quickly', 3), false)
  })

  test('shows escape sequences and does not carry them out', async () => {
    await using screen = await Screen.of('alice@cartero.test')
    await send('SEND', 'alice@cartero.test', 'before \u{1b}[2J\u{1b}]0;owned\u{7} after')
    await screen.shows('after')
    assert.ok(screen.text.includes('before ^[[2J^[]0;owned^G after'), screen.text)
    assert.ok(!screen.text.includes('\u{1b}'))
  })

  test('is not reached by SEND when nobody looks; the client hears so at RCPT', async () => {
    const { rcpt } = await send('SEND', 'bob@cartero.test', 'nobody')
    assert.match(rcpt, /^450/)
  })

  test('gets SOML when somebody looks, and the mailbox when nobody does', async () => {
    {
      await using screen = await Screen.of('bob@cartero.test')
      await send('SOML', 'bob@cartero.test', 'seen on a screen')
      await screen.shows('seen on a screen')
    }
    await send('SOML', 'bob@cartero.test', 'kept for later')
    assert.equal(await isInMailbox('bob', 'kept for later'), true)
    assert.equal(await isInMailbox('bob', 'seen on a screen', 1), false)
  })

  test('gets SAML, and the mailbox, too', async () => {
    await using screen = await Screen.of('bob@cartero.test', '-o', 'json')
    await send('SAML', 'bob@cartero.test', 'here and there')
    await screen.shows('here and there')
    assert.equal(JSON.parse(screen.text.slice(screen.text.indexOf('{'))).subject, 'Grüße')
    assert.equal(await isInMailbox('bob', 'here and there'), true)
  })

  test('of nobody is refused, with the exit code for what is not found', async () => {
    await using screen = new Screen('nobody@cartero.test')
    assert.equal(await screen.ended(), 3)
    assert.match(screen.text, /no account nobody@cartero\.test/)
  })
})
