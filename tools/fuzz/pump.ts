import assert from 'node:assert/strict'
import type { MaybePromise, Output, ProtocolMachine } from '@cartero/wire'

/** Things that a machine wants done before it must wait for its peer again: beyond it, it goes in circles. */
const OUTPUTS_LIMIT = 100_000

const TLS = { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' }

/** Feeds the chunks and carries out what the machine wants, at once and without sockets. Returns what it sent. */
export async function pump<Q, A>(
  machine: ProtocolMachine<Q, A>,
  decide: (question: Q) => MaybePromise<A>,
  chunks: readonly Buffer[],
): Promise<Buffer> {
  const sent: Buffer[] = []
  let outputs = 0
  let isOver = false
  const carryOut = async (output: Output<Q>): Promise<void> => {
    assert.ok(!isOver, 'output behind the end')
    assert.ok(++outputs < OUTPUTS_LIMIT, 'outputs without end')
    switch (output.kind) {
      case 'send':
        assert.ok(output.bytes.length > 0, 'nothing is sent')
        sent.push(Buffer.from(output.bytes))
        return
      case 'ask':
        return await ask(machine, decide, output.question)
      case 'stream':
        for await (const bytes of output.source) sent.push(Buffer.from(bytes))
        return machine.streamed()
      case 'startTls':
        return machine.tlsStarted(TLS)
      case 'close':
        isOver = true
        return
      case 'pause':
      case 'become':
    }
  }
  for (const chunk of [Buffer.alloc(0), ...chunks]) {
    if (chunk.length > 0) machine.receive(chunk)
    for (let output = machine.next(); output !== undefined; output = machine.next()) await carryOut(output)
  }
  assert.ok(machine.patience.milliseconds > 0, 'no patience')
  return Buffer.concat(sent)
}

async function ask<Q, A>(
  machine: ProtocolMachine<Q, A>,
  decide: (question: Q) => MaybePromise<A>,
  question: Q,
): Promise<void> {
  let answer: MaybePromise<A>
  try {
    answer = decide(question)
    if (answer instanceof Promise) answer = await answer
  } catch (error) {
    return machine.fail(error)
  }
  machine.answer(answer)
}
