import { splitVerb } from '../../command.ts'
import { ReplyError } from '../../reply-error.ts'
import { replies } from '../../replies.ts'
import { scanChunkSize, type BdatCommand } from '../../verb/bdat.ts'
import { ChunkPhase } from '../chunk-phase.ts'
import type { Dialogue } from '../dialogue.ts'
import { fits, IncomingMessage } from '../incoming-message.ts'
import { checkRecipients } from './data.ts'
import type { VerbRow } from './row.ts'

/** A message in chunks. Once one was refused, all others are, until RSET or the last of them. */
// RFC 3030 §2
export const bdat: VerbRow<BdatCommand> = {
  verb: 'BDAT',
  beforeTls: false,
  needsHelo: true,
  needsAuth: true,
  needsTransaction: true,
  pipelinedBehind: 'read',
  countsAsJunk: false,
  octetsBehind: (line) => scanChunkSize(splitVerb(line).rest),
  check: (dialogue) => {
    if (!dialogue.extensions.has('CHUNKING')) throw new ReplyError(replies.badSequence('EHLO is needed'))
    checkRecipients(dialogue)
  },
  /** Before the first chunk, and not when that is too much already. */
  question: ({ transaction, policy }, { octets }) =>
    transaction!.message === undefined && fits(octets, policy.limits)
      ? { kind: 'data', by: 'BDAT' }
      : undefined,
  proceed: (dialogue, { octets, last }) => {
    const message = messageOf(dialogue)
    message.announce(octets)
    if (message.failure !== undefined) message.discardChunk(octets, last)
    else if (octets === 0) message.chunkEnded(octets, last)
    else dialogue.phase = new ChunkPhase(dialogue, message, octets, last)
    // They get no mail anywhere.
    if (octets === 0 && !last) dialogue.countJunk()
  },
  sayRefused: (dialogue, { octets, last }, verdict) => {
    const message = messageOf(dialogue)
    message.refusedBySession(verdict)
    message.discardChunk(octets, last)
  },
  help: 'BDAT <octets> [LAST]',
  rfc: 'RFC 3030 §2',
}

function messageOf(dialogue: Dialogue): IncomingMessage {
  const transaction = dialogue.transaction!
  return (transaction.message ??= new IncomingMessage(dialogue, transaction, 'BDAT'))
}
