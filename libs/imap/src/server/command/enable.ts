import { readEnable } from '../../command/enable.ts'
import { ask, ok, type CommandFacts, type CommandRow } from '../command-row.ts'

/** RFC 5161 §3.1: what is unknown is passed over, and only what was enabled is told. */
export const enable: CommandRow = {
  name: 'ENABLE',
  state: 'authenticated',
  expunges: true,
  read: (decoder, facts) => {
    const enables = readEnable(decoder).filter((name) => canEnable(name, facts))
    return ask((session) => {
      if (enables.includes('CONDSTORE')) session.enableCondstore?.()
      const capabilities = enables.map((name) => (name === 'IMAP4REV2' ? 'IMAP4rev2' : name))
      return ok('Enabled', { enables, untagged: [{ kind: 'enabled', capabilities }] })
    })
  },
}

function canEnable(name: string, { rev2, extensions }: CommandFacts): boolean {
  return (name === 'IMAP4REV2' && rev2.offered) || (name === 'CONDSTORE' && extensions.has('CONDSTORE'))
}
