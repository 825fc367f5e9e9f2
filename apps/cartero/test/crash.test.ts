// kill -9 at random moments while many senders are at work: every 250 is in a mailbox exactly once.
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { CarteroProcess, LineClient } from '@cartero/testkit'
import { lookIntoInbox } from '@cartero/testkit/inbox'

const ROUNDS = Number(process.env['CRASH_ROUNDS'] ?? 3)
const SENDERS = 20

/** Sends numbered letters until the server is gone; `acknowledged` gets the number of each that was answered 250. */
async function send(port: number, prefix: string, acknowledged: Set<string>): Promise<void> {
  try {
    using client = await LineClient.connect(port)
    await client.reply()
    await client.smtp('EHLO sender.test')
    for (let i = 0; ; i++) {
      const id = `${prefix}-${i}`
      const envelope = `MAIL FROM:<sender@elsewhere.test>\r\nRCPT TO:<bob@cartero.test>\r\nRCPT TO:<alice@cartero.test>\r\nDATA\r\n`
      client.write(envelope)
      for (let reply = 0; reply < 4; reply++) await client.reply()
      const body = 'x'.repeat(i % 10 === 0 ? 200_000 : 3_000).replace(/.{70}/g, '$&\r\n')
      const answer = await client.smtp(`Subject: crash\r\nX-Number: ${id}\r\n\r\n${body}\r\n.`)
      if (answer.startsWith('250')) acknowledged.add(id)
    }
  } catch {
    // The server was killed; what was not acknowledged is not owed.
  }
}

/** How often each number is in the mailbox. */
function numbers(cartero: CarteroProcess, localPart: string): Promise<Map<string, number>> {
  return lookIntoInbox(cartero, localPart, async (client, exists) => {
    const counts = new Map<string, number>()
    if (exists === 0) return counts
    for await (const message of client.fetch('1:*', { headers: ['x-number'] })) {
      const number = /x-number: (\S+)/i.exec(message.headers!.toString())?.[1] ?? 'none'
      counts.set(number, (counts.get(number) ?? 0) + 1)
    }
    return counts
  })
}

test(
  `${ROUNDS} crashes under ${SENDERS} senders: every 250 is in each mailbox exactly once`,
  { timeout: 300_000 },
  async (t) => {
    const acknowledged = new Set<string>()
    let cartero = await CarteroProcess.start()
    const { base, data } = cartero
    for (let round = 0; round < ROUNDS; round++) {
      const senders = Array.from({ length: SENDERS }, (_, i) =>
        send(cartero.port(25), `${round}-${i}`, acknowledged),
      )
      await sleep(randomInt(300, 1_500))
      await cartero.kill()
      await Promise.all(senders)
      cartero = await CarteroProcess.start({ base, data })
    }
    t.diagnostic(`${acknowledged.size} letters were acknowledged`)
    assert.ok(acknowledged.size > ROUNDS * SENDERS)
    for (const mailbox of ['bob', 'alice']) {
      const counts = await settled(cartero, mailbox, acknowledged)
      for (const id of acknowledged)
        assert.equal(counts.get(id), 1, `${id} is ${counts.get(id) ?? 0} times in ${mailbox}'s mailbox`)
      for (const [id, count] of counts)
        assert.equal(count, 1, `${id}, not acknowledged, is ${count} times in ${mailbox}'s mailbox`)
    }
    assert.equal(await cartero.stop(), 0, cartero.output)
    cartero.removeData()
  },
)

/** Waits until all that is owed is there, or nothing more comes. */
async function settled(
  cartero: CarteroProcess,
  mailbox: string,
  owed: ReadonlySet<string>,
): Promise<Map<string, number>> {
  let counts = await numbers(cartero, mailbox)
  for (let quiet = 0; quiet < 20;) {
    if ([...owed].every((id) => counts.has(id))) break
    await sleep(250)
    const next = await numbers(cartero, mailbox)
    quiet = next.size === counts.size ? quiet + 1 : 0
    counts = next
  }
  return counts
}
