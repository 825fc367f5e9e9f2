import type { Command } from 'commander'

import { registerChanges } from './queue-change.ts'
import { registerList } from './queue-list.ts'
import { registerShape } from './queue-shape.ts'
import { registerShow } from './queue-show.ts'

export function registerQueue(program: Command): void {
  const queue = program
    .command('queue')
    .description('mail that waits: see it, hold it, send it on, give it back')
    .addHelpText('after', EXAMPLES)
  registerList(queue)
  registerShow(queue)
  registerShape(queue)
  registerChanges(queue)
}

const EXAMPLES = `
Examples:
  cartero queue shape                                what waits, for whom, for how long
  cartero queue list --domain example.net            who writes there, and why it waits
  cartero queue retry --domain example.net           it is back: try everything now
  cartero queue hold --sender tim@example.org        keep what somebody sends
  cartero queue remove --sender tim@example.org --dry-run`
