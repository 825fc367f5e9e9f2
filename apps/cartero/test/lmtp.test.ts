// The LMTP door of the running system: closed until somebody names it, then straight into the mailbox.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CarteroProcess, freePortBase, LineClient } from '@cartero/testkit'
import { lookIntoInbox } from '@cartero/testkit/inbox'

test('another agent delivers into a mailbox, each recipient with an answer of his own', async () => {
  const base = await freePortBase()
  const cartero = await CarteroProcess.start({
    base,
    env: { CARTERO_LISTEN__LMTP: `127.0.0.1:${base + 24}` },
  })
  try {
    using client = await LineClient.connect(cartero.port(24))
    await client.reply()
    assert.match(await client.smtp('LHLO agent.test'), /^250/)
    await client.smtp('MAIL FROM:<stranger@elsewhere.test>')
    await client.smtp('RCPT TO:<alice@cartero.test>')
    assert.match(await client.smtp('RCPT TO:<nobody@cartero.test>'), /^550 5\.1\.1/)
    await client.smtp('RCPT TO:<bob@cartero.test>')
    await client.smtp('DATA')
    assert.match(await client.smtp('Subject: by lmtp\r\n\r\nx\r\n.'), /^250 2\.0\.0 Delivered/)
    assert.match(await client.reply(), /^250 2\.0\.0 Delivered/)
    // No waiting: what was answered 250 is there.
    for (const localPart of ['alice', 'bob']) assert.equal(await subjectFor(cartero, localPart), 'by lmtp')
  } finally {
    assert.equal(await cartero.stop(), 0, cartero.output)
    cartero.removeData()
  }
})

function subjectFor(cartero: CarteroProcess, localPart: string): Promise<string | undefined> {
  return lookIntoInbox(cartero, localPart, async (client) => {
    const message = await client.fetchOne('1', { envelope: true })
    return message === false ? undefined : message?.envelope?.subject
  })
}
