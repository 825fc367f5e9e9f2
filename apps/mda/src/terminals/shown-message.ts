import type { ContentStore } from '@cartero/content'
import {
  decodeEncodedWords,
  MessageIndexer,
  parameterText,
  PartTextDecoder,
  type Part,
} from '@cartero/message'
import type { SpooledMessage } from '@cartero/spool'
import { harmless } from '@cartero/agent/terminal'
import type { ShownMessage } from './terminals.ts'

/** Octets of a message that are looked at: a terminal is for words, not for attachments. */
const SHOWN_OCTETS = 64 * 1024

/** Characters of one header field that are shown. */
const FIELD_LENGTH = 250

/** Header and first text of a message, as a person reads them on a terminal. */
export async function shownMessage(
  message: SpooledMessage,
  content: Pick<ContentStore, 'read'>,
): Promise<ShownMessage> {
  const end = Math.min(message.size, SHOWN_OCTETS)
  // What we added to a message without it, Date for instance, stands before the content.
  const octets = Buffer.concat([message.prefix, await content.read(message.content, { start: 0, end })])
  const indexer = new MessageIndexer()
  indexer.write(octets)
  const { envelope, root } = indexer.end()
  const from = envelope.from?.[0]
  const address =
    from?.host === undefined ? message.envelope.reversePath : `${from.mailbox ?? ''}@${from.host}`
  const name = from?.name === undefined ? '' : `${decodeEncodedWords(from.name)} `
  return {
    from: field(`${name}<${address}>`),
    subject: field(decodeEncodedWords(envelope.subject ?? '')),
    date: field(envelope.date ?? ''),
    text: harmless(textOf(root, octets), 'text'),
  }
}

const field = (text: string): string => harmless(text.slice(0, FIELD_LENGTH), 'line')

function textOf(root: Part, octets: Buffer): string {
  const part = firstText(root)
  if (part === undefined) return `(${root.type}/${root.subtype})`
  const decoder = new PartTextDecoder(part.encoding, parameterText(part.parameters, 'charset'))
  return decoder.write(octets.subarray(part.bodyStart, part.bodyEnd)) + decoder.end()
}

/** HTML is shown as it is written, when there is nothing plainer. */
function firstText(part: Part): Part | undefined {
  if (part.parts === undefined) return part.type === 'text' ? part : undefined
  const texts = part.parts.map(firstText).filter((found) => found !== undefined)
  return texts.find(({ subtype }) => subtype === 'plain') ?? texts[0]
}
