import { replies } from '../../replies.ts'
import type { TextCommand } from '../../verb/plain.ts'
import type { Dialogue } from '../dialogue.ts'
import type { Protocol } from '../options.ts'
import type { VerbRow } from './row.ts'

/**
 * Without an argument, the verbs that may be had here and now; with one of them, its form.
 * @param spoken the rows of a protocol in the table, which HELP is derived from and stands in
 */
// RFC 5321 §4.1.1.8
export const help = (spoken: (protocol: Protocol) => readonly VerbRow[]): VerbRow<TextCommand> => ({
  verb: 'HELP',
  inOdmr: true,
  beforeTls: true,
  needsHelo: false,
  needsAuth: false,
  needsTransaction: false,
  pipelinedBehind: 'read',
  countsAsJunk: true,
  proceed: (dialogue, { text }) => {
    const rows = spoken(dialogue.policy.protocol).filter((row) => row.available?.(dialogue) === undefined)
    const row = rows.find(({ verb }) => verb === text.toUpperCase())
    const verbs = `Commands: ${rows.map(({ verb }) => verb).join(' ')}`
    dialogue.say(replies.help(row === undefined ? verbs : explain(dialogue, row)))
  },
  help: 'HELP [<command>]',
  rfc: 'RFC 5321 §4.1.1.8',
})

/** Its parameters are those that are understood now. */
function explain(dialogue: Dialogue, row: VerbRow): string {
  const parameters = (row.parameters ?? [])
    .filter(({ extension }) => dialogue.extensions.has(extension))
    .map(({ keyword }) => ` [${keyword}]`)
  return `${row.help}${parameters.join('')}, see ${row.rfc.replace('§', 'section ')}`
}
