import type { CommandRow } from '../command-row.ts'

/** RFC 3501 §6.3.11. The machine hands it to AppendExchange as soon as the message's literal begins; without one it is no APPEND. */
export const append: CommandRow = {
  name: 'APPEND',
  state: 'authenticated',
  expunges: true,
  read: (decoder) => decoder.fault('a literal'),
}
