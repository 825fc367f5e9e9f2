import type { CommandRow } from '../command-row.ts'
import { IdleExchange } from '../idle-exchange.ts'

/** RFC 2177 §3 */
export const idle: CommandRow = {
  name: 'IDLE',
  state: 'authenticated',
  expunges: true,
  needs: 'IDLE',
  read: () => ({ kind: 'exchange', start: (floor) => new IdleExchange(floor) }),
}
