import { replies } from '../../replies.ts'
import type { TextCommand } from '../../verb/plain.ts'
import type { VerbRow } from './row.ts'

/** @param all the table, which HELP is derived from and stands in */
// RFC 5321 §4.1.1.8
export const help = (all: () => readonly VerbRow[]): VerbRow<TextCommand> => ({
  verb: 'HELP',
  beforeTls: true,
  needsHelo: false,
  needsAuth: false,
  needsTransaction: false,
  pipelinedBehind: 'read',
  countsAsJunk: true,
  proceed: (dialogue, { text }) => {
    const rows = all().filter(({ only }) => only === undefined || only === dialogue.policy.protocol)
    const row = rows.find(({ verb }) => verb === text.toUpperCase())
    const verbs = `Commands: ${rows.map(({ verb }) => verb).join(' ')}`
    dialogue.say(
      replies.help(row === undefined ? verbs : `${row.help}, see ${row.rfc.replace('§', 'section ')}`),
    )
  },
  help: 'HELP [<command>]',
  rfc: 'RFC 5321 §4.1.1.8',
})
