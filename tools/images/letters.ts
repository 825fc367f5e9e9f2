/**
 * A user's side of a stack that runs: sends numbered letters by submission, and fetches them all over IMAP.
 * usage: node tools/images/letters.ts send|fetch <series> <count> [--resent]
 *        --resent: letters without an answer were sent again, so that some may be there twice
 *        with SUBMISSION and IMAP (host:port), FROM, TO and the PASSWORD of both in the environment
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'

import { ImapFlow } from 'imapflow'
import { createTransport } from 'nodemailer'

/** Connections at a time. */
const SENDERS = 10
/** How often a letter that was refused for now is sent again, and how long that waits; milliseconds. */
const TRIES = 60
const TRY_AGAIN = 1_000
/** How long a letter may take from its 250 to the mailbox; milliseconds. */
const ARRIVES_WITHIN = 120_000

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { resent: { type: 'boolean' } },
})
const [verb, series = 'letter', figure = '1'] = positionals
const count = Number(figure)
const needed = (name: string): string => {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is not set`)
  return value
}
const place = (name: string) => {
  const [host, port] = needed(name).split(/:(?=\d+$)/)
  return { host: host!, port: Number(port) }
}
const letters = Array.from({ length: count }, (_, index) => `${series} ${index + 1}`)

if (verb === 'send') await send()
else if (verb === 'fetch') await fetchAll()
else throw new Error('say send or fetch')

async function send(): Promise<void> {
  const transport = submission()
  const started = performance.now()
  const waiting = [...letters]
  const told = { again: 0, last: '' }
  await Promise.all(
    Array.from({ length: SENDERS }, async () => {
      for (let subject = waiting.shift(); subject !== undefined; subject = waiting.shift())
        told.last = await persist(subject)
    }),
  )
  transport.close()
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(
    `${count} letters of "${series}": 250 within ${seconds} s, ${told.again} sent again; ${told.last}`,
  )

  async function persist(subject: string): Promise<string> {
    const message = { from: needed('FROM'), to: needed('TO'), subject, text: `This is ${subject}.\n` }
    for (let attempt = 1; ; attempt += 1) {
      try {
        return (await transport.sendMail(message)).response
      } catch (error) {
        if (attempt === TRIES) throw error
        told.again += 1
        if (told.again === 1) console.log(`refused for now: ${String(error)}`)
        await sleep(TRY_AGAIN)
      }
    }
  }
}

function submission() {
  return createTransport({
    ...place('SUBMISSION'),
    pool: true,
    maxConnections: SENDERS,
    tls: { rejectUnauthorized: false },
    requireTLS: true,
    auth: { user: needed('FROM'), pass: needed('PASSWORD') },
  })
}

async function fetchAll(): Promise<void> {
  const client = new ImapFlow({
    ...place('IMAP'),
    secure: false,
    tls: { rejectUnauthorized: false },
    auth: { user: needed('TO'), pass: needed('PASSWORD') },
    logger: false,
  })
  await client.connect()
  await using _end = { [Symbol.asyncDispose]: () => client.logout() }
  using _lock = releasing(await client.getMailboxLock('INBOX'))
  const deadline = Date.now() + ARRIVES_WITHIN
  let found = await subjects(client)
  while (letters.some((letter) => !found.includes(letter)) && Date.now() < deadline) {
    await sleep(500)
    await client.noop()
    found = await subjects(client)
  }
  const missing = letters.filter((letter) => !found.includes(letter))
  const twice = letters.filter((letter) => found.indexOf(letter) !== found.lastIndexOf(letter))
  console.log(
    `${count} letters of "${series}" over IMAP: ${missing.length} missing, ${twice.length} more than once; ${found.length} in the mailbox`,
  )
  if (missing.length + (values.resent === true ? 0 : twice.length) > 0) {
    console.log({ missing: missing.slice(0, 10), twice: twice.slice(0, 10) })
    process.exitCode = 1
  }
}

async function subjects(client: ImapFlow): Promise<string[]> {
  const found: string[] = []
  for await (const { envelope } of client.fetch('1:*', { envelope: true }))
    found.push(envelope?.subject ?? '')
  return found
}

function releasing(lock: { release(): void }): Disposable {
  return { [Symbol.dispose]: () => lock.release() }
}
