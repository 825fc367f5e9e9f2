import { once } from 'node:events'

import { harmless } from '@cartero/agent/terminal'
import type { DeliverySummary, Envelope } from '@cartero/spool'
import type { Command } from 'commander'

import type { ShownMessage } from '../queue-verbs.ts'
import { UsageError } from './exit-code.ts'
import { plain, print, printJson } from './output.ts'
import { askQueue, type Queue } from './queue-client.ts'
import { idNamed } from './queue-filter.ts'
import { ENDS, nextTry } from './queue-list.ts'
import { withSystemOptions, type SystemOptions } from './reach-system.ts'
import { span } from './span.ts'

type ShowOptions = SystemOptions & { readonly content?: true; readonly headers?: true }

export function registerShow(queue: Command): void {
  withSystemOptions(
    queue
      .command('show')
      .description('all that is known of a message: its envelope, and each delivery of it'),
  )
    .argument('<id>', 'a queue id')
    .option('--headers', 'print its header instead')
    .option('--content', 'print the whole message instead, octet for octet unless it goes to a terminal')
    .action(show)
}

async function show(id: string, options: ShowOptions): Promise<void> {
  const { content, headers } = options
  if (content && headers) throw new UsageError('--content prints the header, too: leave --headers out')
  const queueId = idNamed(id)
  await askQueue(options, async (queue) => {
    if (content) return writeAll(queue.content(queueId))
    if (headers) return writeAll(headerOf(queue, queueId))
    const message = await queue.show(queueId)
    if (options.output === 'json') return printJson(message)
    print(pageOf(message, Date.now()))
  })
}

/** Octets of a header that are looked through for its end. */
const MOST_HEADER_OCTETS = 16 * 1_048_576

async function* headerOf(queue: Queue, queueId: string): AsyncGenerator<Buffer, void> {
  let octets = Buffer.alloc(0)
  for await (const piece of queue.content(queueId)) {
    octets = Buffer.concat([octets, piece])
    const end = octets.indexOf('\r\n\r\n')
    if (end !== -1) return yield octets.subarray(0, end + 2)
    if (octets.length > MOST_HEADER_OCTETS) break
  }
  yield octets
}

/** A terminal is told nothing by them; a file or another program gets each octet as it is. */
async function writeAll(pieces: AsyncIterable<Buffer>): Promise<void> {
  const decoder = new TextDecoder()
  for await (const piece of pieces) {
    const shown = process.stdout.isTTY ? harmless(decoder.decode(piece, { stream: true }), 'text') : piece
    if (!process.stdout.write(shown)) await once(process.stdout, 'drain')
  }
}

function pageOf({ queueId, envelope, acceptedAt, size, deliveries }: ShownMessage, now: number): string {
  const lines = [
    ['id', queueId],
    ['accepted', `${new Date(acceptedAt).toISOString()}, ${span(now - acceptedAt)} ago`],
    ['size', `${size} octets`],
    ['sender', envelope.reversePath === '' ? '<>' : envelope.reversePath],
    ...(envelope.account === undefined ? [] : [['account', envelope.account]]),
    ['came from', `${envelope.client.helo} [${envelope.client.address}], ${envelope.client.protocol}`],
    ...envelope.recipients.map((recipient) => ['recipient', recipientOf(recipient)]),
    ...wishesOf(envelope).map((wish) => ['asks for', wish]),
  ] as const
  const head = lines.map(([name = '', value = '']) => `${name.padEnd(11)}${plain(value)}`)
  return [...head, ...deliveries.flatMap((delivery) => ['', ...deliveryOf(delivery, now)])].join('\n')
}

function recipientOf({ address, notify, originalRecipient }: Envelope['recipients'][number]): string {
  const told = notify === undefined ? '' : ` notify ${notify.join(',')}`
  return `${address}${told}${originalRecipient === undefined ? '' : ` originally ${originalRecipient}`}`
}

const at = (time: number): string => new Date(time).toISOString()

function wishesOf(envelope: Envelope): readonly string[] {
  const { deliverBy, holdUntil, priority, requireTls, tlsOptional, body, smtpUtf8, envelopeId } = envelope
  return [
    ...(deliverBy === undefined ? [] : [`delivery by ${at(deliverBy.at)}, else ${deliverBy.mode}`]),
    ...(holdUntil === undefined ? [] : [`delivery not before ${at(holdUntil)}`]),
    ...(priority === undefined ? [] : [`priority ${priority}`]),
    ...(requireTls ? ['TLS on every hop'] : []),
    ...(tlsOptional ? ['delivery even without TLS'] : []),
    ...(body === undefined || body === '7BIT' ? [] : [body]),
    ...(smtpUtf8 ? ['SMTPUTF8'] : []),
    ...(envelopeId === undefined ? [] : [`the name ${envelopeId} in notices`]),
  ]
}

function deliveryOf(delivery: DeliverySummary, now: number): string[] {
  const { id, state, destination, recipients, attempts, reason, sentence } = delivery
  const when = nextTry(delivery, now)
  const end = sentence === undefined ? '' : `, ${ENDS[sentence]}`
  return [
    `delivery   ${id}`,
    `  to       ${plain(destination === '' ? '(not routed yet)' : destination)}`,
    ...recipients.map((recipient) => `  for      ${plain(recipient)}`),
    `  state    ${state}${end}${when === '' ? '' : `, ${state === 'deferred' ? 'next try ' : ''}${when}`}`,
    `  attempts ${attempts}`,
    ...(reason === undefined ? [] : [`  reason   ${plain(reason)}`]),
  ]
}
