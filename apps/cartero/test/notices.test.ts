// What senders hear of their mail, over the running system: notices by NOTIFY, RET, ENVID and ORCPT, in their own mailboxes.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CarteroProcess, LineClient } from '@cartero/testkit'
import { lookIntoInbox } from '@cartero/testkit/inbox'

let cartero: CarteroProcess

before(async () => {
  cartero = await CarteroProcess.start()
})
after(async () => {
  assert.equal(await cartero.stop(), 0, cartero.output)
  cartero.removeData()
})

function inbox(localPart: string): Promise<string[]> {
  return lookIntoInbox(cartero, localPart, async (client) => {
    const found = await client.fetchAll('1:*', { source: true }).catch(() => [])
    return found.map(({ source }) => source!.toString())
  })
}

async function arrived(localPart: string, text: string): Promise<string> {
  for (let i = 0; i < 100; i++) {
    const found = (await inbox(localPart)).find((letter) => letter.includes(text))
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`no letter with ${JSON.stringify(text)} arrived for ${localPart}\n${cartero.output}`)
}

/** A letter from alice on the MX port; each word stands as the client says it. */
async function send(mail: string, rcpt: string, mark: string): Promise<void> {
  using client = await LineClient.connect(cartero.port(25))
  await client.reply()
  assert.match(await client.smtp('EHLO elsewhere.test'), /^250[- ]DSN/m)
  assert.match(await client.smtp(`MAIL FROM:<alice@cartero.test> ${mail}`), /^250/)
  assert.match(await client.smtp(`RCPT TO:${rcpt}`), /^250/)
  await client.smtp('DATA')
  assert.match(await client.smtp(`Subject: ${mark}\r\n\r\nthe body\r\n.`), /^250/)
  await client.smtp('QUIT')
}

describe('a sender', () => {
  test('hears that a letter is in the mailbox, with the names that he gave', async () => {
    const parameters = 'NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;robert+40example.net'
    await send('RET=HDRS ENVID=QQ+2B1', `<bob@cartero.test> ${parameters}`, 'heard-of')
    const notice = await arrived('alice', 'heard-of')
    assert.match(notice, /^Return-Path: <>\r$/m)
    assert.match(notice, /^Original-Envelope-Id: QQ\+1\r$/m)
    assert.match(notice, /^Original-Recipient: rfc822; ?robert@example\.net\r$/m)
    assert.match(notice, /^Action: delivered\r$/m)
    assert.match(notice, /^Status: 2\.\d+\.\d+\r$/m)
    assert.ok(!notice.includes('the body'))
    const letter = await arrived('bob', 'heard-of')
    assert.match(letter, /^Original-Recipient: rfc822;robert@example\.net\r$/m)
  })

  test('may answer a notice, and somebody reads it', async () => {
    await send('', '<bob@cartero.test> NOTIFY=SUCCESS', 'to be answered')
    const notice = await arrived('alice', 'to be answered')
    const writer = /^From: .*<(.*)>\r$/m.exec(notice)![1]!
    assert.match(writer, /^postmaster@/)
    await send('', `<${writer}>`, 'the answer to a notice')
    await arrived('alice', 'the answer to a notice')
  })

  test('hears nothing of success that he did not ask about', async () => {
    await send('', '<bob@cartero.test>', 'not-heard-of')
    await arrived('bob', 'not-heard-of')
    assert.ok(!(await inbox('alice')).some((letter) => letter.includes('not-heard-of')))
  })
})
