// A server that has run out of descriptors when somebody connects. Obeys `count` and `free`, and tells when it has.
import { closeSync, openSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { ManualClock } from '@cartero/wire'
import { Listener } from '@cartero/wire/node'
import { EchoMachine } from './echo-machine.ts'
import { turns } from './sockets.ts'

let refusals = 0
const listener = new Listener({
  host: '127.0.0.1',
  port: 0,
  clock: new ManualClock(),
  accept: () => ({ machine: new EchoMachine(), decide: (question) => question }),
  refused: () => void refusals++,
})
await listener.listen()
const orders = createInterface({ input: process.stdin })
// What is opened when it is first used would find no descriptor any more.
process.stdout.write('ready\n')

const taken: number[] = []
try {
  for (;;) taken.push(openSync('/dev/null', 'r'))
} catch {
  process.stdout.write(`full ${listener.port}\n`)
}
for await (const order of orders) {
  if (order === 'free') taken.splice(0).forEach((descriptor) => closeSync(descriptor))
  else await turns(1_000)
  process.stdout.write(`${order} ${refusals}\n`)
}
