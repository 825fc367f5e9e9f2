import type { CarteroProcess, Credentials } from '@cartero/testkit'
import { lookIntoInbox } from '@cartero/testkit/inbox'

const TRIES = 100
const BETWEEN_MS = 50

/** A letter in an inbox that has these words, as soon as it is there. Rejects with what the system has told when it does not come. */
export async function awaitedLetter(
  system: Pick<CarteroProcess, 'port' | 'account' | 'output'>,
  localPart: string | Credentials,
  words: string,
): Promise<string> {
  for (let i = 0; i < TRIES; i++) {
    const found = await lookIntoInbox(system, localPart, async (client) => {
      const letters = await client.fetchAll('1:*', { source: true }).catch(() => [])
      return letters.map(({ source }) => source!.toString()).find((letter) => letter.includes(words))
    })
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS))
  }
  throw new Error(`no letter with ${words}\n${system.output}`)
}
