// What an operator learns of a message: from the running system, and of one that is stopped.
import assert from 'node:assert/strict'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { CarteroProcess, LineClient } from '@cartero/testkit'
import { cartero as command } from './cartero-command.ts'

let cartero: CarteroProcess

before(async () => {
  cartero = await CarteroProcess.start()
})
after(async () => {
  await cartero.stop()
  cartero.removeData()
})

function trace(...words: string[]) {
  return command(['trace', '--data', cartero.data, ...words])
}

interface Told {
  readonly messages: readonly {
    readonly qid: string
    readonly events: readonly { readonly event: string; readonly fields: Readonly<Record<string, unknown>> }[]
  }[]
}

/** Traces until the event has happened. */
async function traced(key: string, event: string): Promise<Told['messages']> {
  for (let i = 0; i < 60; i++) {
    const { code, out } = await trace('-o', 'json', key)
    if (code === 0) {
      const { messages } = JSON.parse(out) as Told
      if (messages.some(({ events }) => events.some((one) => one.event === event))) return messages
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`${event} was not told of ${key}\n${cartero.output}`)
}

/** A letter on the MX port; its queue id. */
async function send(letter: { readonly rcpt: string; readonly header: string }): Promise<string> {
  using client = await LineClient.connect(cartero.port(25))
  await client.reply()
  await client.smtp('EHLO elsewhere.test')
  assert.match(await client.smtp('MAIL FROM:<Writer@elsewhere.test>'), /^250/)
  assert.match(await client.smtp(`RCPT TO:${letter.rcpt}`), /^250/)
  await client.smtp('DATA')
  const queued = await client.smtp(`${letter.header}\r\n\r\nthe body\r\n.`)
  await client.smtp('QUIT')
  return /\b([0-9A-Z]{16})\b/.exec(queued)![1]!
}

describe('a message', () => {
  let qid: string
  before(async () => {
    qid = await send({
      rcpt: '<bob@cartero.test>',
      header: 'Message-ID: <Found.By@elsewhere.test>\r\nSubject: x',
    })
    await traced(qid, 'message.delivered')
  })

  test('is found by its queue id, its recipient, its sender, its Message-ID, and the host that brought it', async () => {
    const keys = [
      qid,
      qid.toLowerCase(),
      'BOB@cartero.test',
      'writer@elsewhere.test',
      '<found.by@elsewhere.test>',
      'Found.By@elsewhere.test',
      '127.0.0.1',
    ]
    for (const key of keys) {
      const { code, out, err } = await trace(key)
      assert.equal(code, 0, `${key}: ${err}`)
      assert.match(
        out,
        new RegExp(
          `^${qid} from <Writer@elsewhere\\.test> to <bob@cartero\\.test>, \\d+ octets, Message-ID <Found\\.By@elsewhere\\.test>$`,
          'm',
        ),
        key,
      )
    }
  })

  test('is told step by step, with the time of each, and the agent', async () => {
    const { out } = await trace(qid)
    const [received, delivered] = out.split('\n').slice(1)
    assert.match(
      received!,
      /^ {2}\d{4}-\d\d-\d\dT[\d:.]+Z {2}\+0\.000s {2}mta {2}received .*<bob@cartero\.test> peer=127\.0\.0\.1 helo=elsewhere\.test protocol=ESMTP/,
    )
    assert.match(
      delivered!,
      /^ {2}\d{4}-\d\d-\d\dT[\d:.]+Z {2}\+\d+\.\d{3}s {2}mda {2}delivered {1,2}<bob@cartero\.test> delay=/,
    )
    assert.ok(!out.includes('waits'))
  })

  test('is told to machines as it is kept', async () => {
    const [message] = await traced(qid, 'message.delivered')
    assert.equal(message!.qid, qid)
    const [received] = message!.events
    assert.equal(received!.event, 'message.received')
    assert.equal(received!.fields['msgid'], '<Found.By@elsewhere.test>')
  })

  test('is not told when it was before the time that is asked about', async () => {
    assert.equal((await trace('--since', '1h', qid)).code, 0)
    const { code, err } = await trace('--since', '2099-01-01', qid)
    assert.equal(code, 3)
    assert.match(err, /nothing is known of .* in that time/)
  })
})

test('a letter that is given back is told with the notice, and the notice with the letter', async () => {
  using client = await LineClient.connect(cartero.port(25))
  await client.reply()
  await client.smtp('EHLO elsewhere.test')
  await client.smtp('MAIL FROM:<alice@cartero.test>')
  await client.smtp('RCPT TO:<bob@cartero.test> NOTIFY=SUCCESS')
  await client.smtp('DATA')
  const qid = /\b([0-9A-Z]{16})\b/.exec(await client.smtp('Subject: heard of\r\n\r\nx\r\n.'))![1]!
  const messages = await traced(qid, 'notice.sent')
  assert.equal(messages.length, 2)
  const notice = messages.find((message) => message.qid !== qid)!
  assert.equal((await traced(notice.qid, 'notice.sent')).length, 2)
  const { out } = await trace(notice.qid)
  assert.match(out, new RegExp(`^${notice.qid} notice about ${qid} to <alice@cartero\\.test>$`, 'm'))
})

test('a recipient that was refused is found, though there never was a message', async () => {
  using client = await LineClient.connect(cartero.port(25))
  await client.reply()
  await client.smtp('EHLO elsewhere.test')
  await client.smtp('MAIL FROM:<somebody@elsewhere.test>')
  assert.match(await client.smtp('RCPT TO:<no-such@cartero.test>'), /^550/)
  await client.smtp('QUIT')
  const { code, out } = await trace('no-such@cartero.test')
  assert.equal(code, 0)
  assert.match(
    out,
    /^turned away\n {2}\S+ {2}\+0\.000s {2}mta {2}rejected {2}<no-such@cartero\.test> .*from=<somebody@elsewhere\.test>.*$/m,
  )
})

test('what steers a terminal does not reach it', async () => {
  const hostile = '<\u001b[2J\u009b31m\u202e@elsewhere.test>'
  const qid = await send({ rcpt: '<bob@cartero.test>', header: `Message-ID: ${hostile}` })
  await traced(qid, 'message.delivered')
  for (const words of [[qid], ['-o', 'json', qid]]) {
    const { code, out, err } = await trace(...words)
    assert.equal(code, 0)
    // oxlint-disable-next-line no-control-regex -- they are what is looked for
    assert.doesNotMatch(`${out}${err}`, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
    assert.match(out, /Message-ID <\^\[\[2J|\\u001b\[2J/)
  }
  const { err } = await trace('\u001b]0;title\u0007')
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  assert.doesNotMatch(err, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
})

test('nothing is said to be nothing, with a code of its own', async () => {
  const { code, out, err } = await trace('nobody@nowhere.test')
  assert.equal(code, 3)
  assert.equal(out, '')
  assert.match(err, /error: nothing is known of "nobody@nowhere\.test"/)
})

test('a question that makes no sense is refused with what would', async () => {
  for (const words of [['--since', 'yesterday-ish', 'x'], ['--limit', '0', 'x'], []]) {
    const { code, err } = await trace(...words)
    assert.equal(code, 2, err)
  }
})

test('a stopped system still tells, and after a crash the next one does, too', async () => {
  const qid = await send({ rcpt: '<bob@cartero.test>', header: 'Subject: before the crash' })
  await traced(qid, 'message.delivered')
  await cartero.kill()
  const folder = join(cartero.data, 'journey')
  const segment = join(
    folder,
    readdirSync(folder).find((name) => name.endsWith('.jsonl'))!,
  )
  writeFileSync(segment, Buffer.concat([readFileSync(segment), Buffer.from('{"at":12')]))
  const stopped = await trace(qid)
  assert.equal(stopped.code, 0, stopped.err)
  assert.match(stopped.out, / mda {2}delivered /)
  cartero = await CarteroProcess.start({ data: cartero.data, base: cartero.base })
  assert.equal((await traced(qid, 'message.delivered')).length, 1)
  const next = await send({ rcpt: '<bob@cartero.test>', header: 'Subject: after the crash' })
  await traced(next, 'message.delivered')
})
