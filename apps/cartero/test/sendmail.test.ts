// `cartero sendmail` and `cartero mailq`, as programs on the machine of a system call them.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, symlinkSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { CarteroProcess, command } from '@cartero/testkit'
import { lookIntoInbox } from '@cartero/testkit/inbox'
import { awaitedLetter } from './awaited-letter.ts'
import { cartero, MAIN, temporaryFolder, type Answer } from './cartero-command.ts'

let system: CarteroProcess
before(async () => {
  system = await CarteroProcess.start()
})
after(() => system[Symbol.asyncDispose]())

function sendmail(input: string, ...words: string[]): Promise<Answer> {
  return cartero(['sendmail', '--data', system.data, ...words], { input })
}

const letterOf = (localPart: string, words: string): Promise<string> =>
  awaitedLetter(system, localPart, words)

describe('a message', () => {
  test('of a program is whole mail in the mailbox: CRLF, domain, date, identifier, author', async () => {
    assert.deepEqual(await sendmail('Subject: nightly\n\nline one\nline two\n', '-F', 'Night Watch', 'bob'), {
      code: 0,
      out: '',
      err: '',
    })
    const letter = await letterOf('bob', 'Subject: nightly')
    assert.match(letter, new RegExp(`^From: "Night Watch" <${userInfo().username}@cartero\\.test>\\r$`, 'm'))
    assert.match(letter, /^Date: .*\r$/m)
    assert.match(letter, /^Message-ID: .*\r$/m)
    assert.ok(letter.endsWith('\r\n\r\nline one\r\nline two\r\n'))
    assert.doesNotMatch(letter, /[^\r]\n/)
  })

  test('names its own recipients with -t, and who gets a blind copy is in none of them', async () => {
    const input = 'To: Bob <bob@cartero.test>\nBcc: alice@cartero.test\nSubject: for both\n\nx\n'
    assert.equal((await sendmail(input, '-t', '-oi', '-f', 'carol@elsewhere.example')).code, 0)
    for (const reader of ['bob', 'alice']) {
      const letter = await letterOf(reader, 'Subject: for both')
      assert.doesNotMatch(letter, /^Bcc:/im)
      assert.match(letter, /^Return-Path: <carol@elsewhere\.example>\r$/m)
    }
  })

  test('ends at a dot alone, unless it is told not to', async () => {
    assert.equal((await sendmail('Subject: dotted\n\nbefore\n.\nafter\n', 'bob')).code, 0)
    assert.ok((await letterOf('bob', 'Subject: dotted')).endsWith('\r\n\r\nbefore\r\n'))
    assert.equal((await sendmail('Subject: undotted\n\nbefore\n.\nafter\n', '-i', 'bob')).code, 0)
    assert.ok((await letterOf('bob', 'Subject: undotted')).endsWith('\r\n\r\nbefore\r\n.\r\nafter\r\n'))
  })

  test('ends at a dot though nobody closes its pipe', async () => {
    const child = spawn(process.execPath, [MAIN, 'sendmail', '--data', system.data, 'bob'])
    child.stdin.write('Subject: open pipe\n\nx\n.\n')
    assert.deepEqual(await once(child, 'exit'), [0, null])
    await letterOf('bob', 'Subject: open pipe')
  })

  test('tells its sender what he asked to be told', async () => {
    const words = ['-f', 'alice', '-N', 'success', '-V', 'QQ7', '-R', 'hdrs', 'bob']
    assert.equal((await sendmail('Subject: told\n\nthe body\n', ...words)).code, 0)
    const notice = await letterOf('alice', 'QQ7')
    assert.match(notice, /^Action: delivered\r$/m)
    assert.doesNotMatch(notice, /the body/)
  })
})

describe('programs are told by the exit code', () => {
  test('that nobody has the address, that the host is none, that they asked wrongly', async () => {
    for (const [code, words] of [
      [67, ['nobody']],
      [67, ['bob', 'nobody@cartero.test']],
      [68, ['tim@sales']],
      [64, []],
      [64, ['-Z', 'bob']],
      [64, ['-N', 'sometimes', 'bob']],
      [64, ['-V', 'a\r\nb', 'bob']],
      [64, ['-V', '='.repeat(34), 'bob']],
      [64, ['-bs']],
      [64, ['-f']],
      [0, ['-bi']],
    ] as const) {
      const { code: told, out, err } = await sendmail('Subject: refused\n\nx\n', ...words)
      assert.equal(told, code, `${words.join(' ')}: ${err}`)
      assert.equal(out, '')
      assert.equal(err !== '', code !== 0)
    }
    assert.match(
      (await sendmail('\nx\n', 'nobody')).err,
      /^error: nobody: 550 5\.1\.1 .*\nnothing was sent\n$/,
    )
  })

  test('that nothing was taken of a message that is too large', async () => {
    const { code, err } = await sendmail(`\n${'x'.repeat(60_000_000)}`, 'bob')
    assert.equal(code, 69)
    assert.match(err, /552 5\.3\.4/)
  })

  test('to try again where no system is, and not where the configuration has a fault', async (context) => {
    const data = join(temporaryFolder(context), 'nowhere')
    assert.equal((await cartero(['sendmail', '--data', data, 'bob'], { input: '\nx\n' })).code, 75)
    const [none, faulty] = [data, join(temporaryFolder(context), 'faulty.yaml')]
    writeFileSync(faulty, 'hostnme: a\n')
    for (const config of [none, faulty])
      assert.equal((await cartero(['sendmail', '--config', config, 'bob'], { input: '\nx\n' })).code, 78)
  })

  test('that they die for somebody who breaks off, and nothing is sent', async () => {
    const child = spawn(process.execPath, [MAIN, 'sendmail', '-i', '--data', system.data, 'bob'])
    child.stdin.write('Subject: half\n\nhalf of it')
    await new Promise((resolve) => setTimeout(resolve, 500))
    child.kill('SIGKILL')
    await once(child, 'exit')
    await sendmail('Subject: whole\n\nx\n', 'bob')
    await letterOf('bob', 'Subject: whole')
    const letters = await lookIntoInbox(system, 'bob', (client) =>
      client.search({ subject: 'half' }).then((found) => found || []),
    )
    assert.deepEqual(letters, [])
  })
})

describe('by the names that habits know', () => {
  test('sendmail and mailq are themselves, wherever they are linked to', async (context) => {
    const folder = temporaryFolder(context)
    for (const name of ['sendmail', 'mailq', 'cartero-sendmail', 'newaliases'])
      symlinkSync(MAIN, join(folder, name))
    chmodSync(folder, 0o755)
    const env = { CARTERO_DATA: system.data }
    const run = (name: string, words: readonly string[], input = ''): ReturnType<typeof command> =>
      command(process.execPath, [join(folder, name), ...words], { cwd: folder, env, input, limitMs: 30_000 })
    assert.equal((await run('sendmail', ['bob'], 'Subject: linked\n\nx\n')).code, 0)
    await letterOf('bob', 'Subject: linked')
    assert.equal((await run('cartero-sendmail', ['-i', 'nobody'], '\nx\n')).code, 67)
    assert.equal((await run('newaliases', [])).code, 0)
    assert.equal((await run('mailq', [])).stdout.toString(), 'Mail queue is empty\n')
    assert.equal((await run('sendmail', ['-bp'])).stdout.toString(), 'Mail queue is empty\n')
    await run('sendmail', ['tim@elsewhere.example'], 'Subject: waits\n\nx\n')
    const { stdout } = await run('mailq', [])
    assert.match(
      stdout.toString(),
      /^-+Queue ID-+ .*\n[0-9A-Z]{16}!? +\d+ \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d {2}\S+@cartero\.test\n(?: {4}\(.*\)\n)? +tim@elsewhere\.example\n\n-- 1 Kbytes in 1 Request\.\n$/,
    )
  })
})

test('a stopped system takes it into its queue, and delivers when it starts', async () => {
  const first = await CarteroProcess.start()
  const { data } = first
  assert.equal(await first.stop(), 0, first.output)
  const words = ['sendmail', '--data', data, '-f', 'alice', 'bob@cartero.test']
  const { code, err } = await cartero(words, { input: 'Subject: while away\n\nx\n' })
  assert.equal(code, 0, err)
  await using second = await CarteroProcess.start({ data })
  await awaitedLetter(second, 'bob', 'Subject: while away')
})

test('a stopped system knows the rules of routing, too: nobody is refused whose mail goes to another host', async (context) => {
  const first = await CarteroProcess.start()
  const { data } = first
  assert.equal(await first.stop(), 0, first.output)
  const config = join(temporaryFolder(context), 'c.yaml')
  writeFileSync(
    config,
    `routes: [{ name: inner, hosts: ["127.0.0.1:2"] }]
routing: [{ match: away@cartero.test, via: inner }, { match: bob@cartero.test, via: refuse }]
`,
  )
  const write = (to: string): Promise<Answer> =>
    cartero(['sendmail', '--data', data, '--config', config, '-f', 'alice@cartero.test', to], {
      input: '\nx\n',
    })
  assert.deepEqual(await write('away@cartero.test'), { code: 0, out: '', err: '' })
  assert.match((await write('bob@cartero.test')).err, /^error: bob@cartero\.test: 550 5\.2\.1/)
  assert.match((await write('nobody@cartero.test')).err, /550 5\.1\.1/)
})
