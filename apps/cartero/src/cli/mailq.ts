import { nextHopOf, type DeliveryId, type DeliverySummary } from '@cartero/spool'
import type { Command } from 'commander'

import { plain, print } from './output.ts'
import { askQueue, type Queue } from './queue-client.ts'
import { withSystem, type SystemSelection } from './reach-system.ts'

export function registerMailq(program: Command): void {
  withSystem(
    program.command('mailq').description('the queue as mailq has always printed it; see also "queue list"'),
  ).action(mailq)
}

/** Deliveries that are asked for at a time. */
const PAGE = 1_000

/** Prints all that waits, as it comes. */
export async function mailq(selection: SystemSelection): Promise<void> {
  await askQueue(selection, async (queue) => {
    let [octets, messages] = [0, 0]
    for await (const deliveries of messagesOf(queue)) {
      if (messages === 0) print('-----Queue ID-----  --Size-- ---Arrival Time---- -Sender/Recipient-------')
      messages++
      octets += deliveries[0].size
      print(`${entryOf(deliveries)}\n\n`)
    }
    if (messages === 0) return print('Mail queue is empty')
    print(`-- ${Math.ceil(octets / 1_024)} Kbytes in ${messages} Request${messages === 1 ? '' : 's'}.`)
  })
}

type Deliveries = readonly [DeliverySummary, ...DeliverySummary[]]

/** The deliveries of one message stand together. */
async function* messagesOf(queue: Pick<Queue, 'list'>): AsyncGenerator<Deliveries, void> {
  let after: DeliveryId | undefined
  let together: [DeliverySummary, ...DeliverySummary[]] | undefined
  do {
    const page = await queue.list({}, PAGE, after)
    for (const delivery of page.deliveries) {
      if (delivery.queueId === together?.[0].queueId) together.push(delivery)
      else {
        if (together !== undefined) yield together
        together = [delivery]
      }
    }
    after = page.next
  } while (after !== undefined)
  if (together !== undefined) yield together
}

/** `*` is being worked on, `!` is held. */
const MARKS: Readonly<Partial<Record<DeliverySummary['state'], string>>> = { leased: '*', held: '!' }
const INDENT = ' '.repeat(50)

function entryOf(deliveries: Deliveries): string {
  const [{ queueId, size, acceptedAt, reversePath }] = deliveries
  const mark = deliveries.map(({ state }) => MARKS[state]).find((found) => found !== undefined) ?? ''
  const sender = reversePath === '' ? 'MAILER-DAEMON' : plain(reversePath)
  const head = `${`${queueId}${mark}`.padEnd(18)}  ${String(size).padStart(8)} ${arrival(acceptedAt)}  ${sender}`
  const lines = deliveries.flatMap(({ destination, reason = waitingFor(destination), recipients }) => [
    ...(reason === '' ? [] : [`    (${plain(reason)})`]),
    ...recipients.map((recipient) => `${INDENT}${plain(recipient)}`),
  ])
  return [head, ...lines].join('\n')
}

function waitingFor(destination: string): string {
  const hop = nextHopOf(destination)
  return hop.kind === 'odmr' ? `waits until the customer of ${hop.domain} comes for it` : ''
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

const two = (part: number): string => String(part).padStart(2, '0')

/** As `ctime` writes it, in the time of this machine: `Mon Nov 23 06:40:00`. */
function arrival(at: number): string {
  const date = new Date(at)
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')
  return `${DAYS[date.getDay()]} ${MONTHS[date.getMonth()]} ${String(date.getDate()).padStart(2)} ${time}`
}
