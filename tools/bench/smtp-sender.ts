// Hands messages in with our own client; what smtp-source does in C.
// usage: node tools/bench/smtp-sender.ts <port> <recipient> <sessions> <messages> <octets> [bdat|data]
import { serveErrand, SmtpClientMachine, type OutgoingTransaction } from '@cartero/smtp/client'
import { parseForwardPath, parseReversePath } from '@cartero/smtp'
import { systemClock } from '@cartero/wire'
import { dial } from '@cartero/wire/node'

const [port, recipient, sessions, messages, octets, framing = 'data'] = process.argv.slice(2)
const LINE = `${'X'.repeat(78)}\r\n`
const content = Buffer.from(`Subject: bench\r\n\r\n${LINE.repeat(Math.ceil(Number(octets) / LINE.length))}`)
const transaction: OutgoingTransaction = {
  reversePath: parseReversePath('sender@elsewhere.test')!,
  recipients: [{ path: parseForwardPath(recipient!)! }],
  size: content.length,
  content,
}
let left = Number(messages)
let failed = 0

const next = (): OutgoingTransaction | undefined => (left-- > 0 ? transaction : undefined)

async function session(): Promise<void> {
  const errand = {
    next,
    more: next,
    settled: (_: OutgoingTransaction, [outcome]: readonly { readonly kind: string }[]) => {
      if (outcome?.kind !== 'delivered') failed++
    },
  }
  const machine = new SmtpClientMachine(errand, {
    hostname: 'bench.test',
    chunking: framing === 'bdat' ? 'prefer' : 'never',
  })
  await dial({
    host: '127.0.0.1',
    port: Number(port),
    clock: systemClock,
    role: { machine, decide: serveErrand(errand) },
    signal: AbortSignal.timeout(300_000),
  })
}

await Promise.all(Array.from({ length: Number(sessions) }, session))
if (failed > 0) throw new Error(`${failed} messages were not taken`)
