import { text } from 'node:stream/consumers'

import type { Command } from 'commander'

import { generatePassword } from '../credentials-file.ts'
import { UsageError } from './exit-code.ts'

export interface PasswordOptions {
  readonly passwordStdin?: boolean
  readonly generate?: boolean
}

/** Passwords never stand on the command line, where every user of the machine can read them. */
export function withPassword(command: Command): Command {
  return command
    .option('--password-stdin', 'read the password from standard input')
    .option('--generate', 'make a password up and print it')
}

export interface ChosenPassword {
  readonly text: string
  readonly isGenerated: boolean
}

/** From standard input, asked for on a terminal, or else made up. Throws UsageError. */
export async function choosePassword(address: string, options: PasswordOptions): Promise<ChosenPassword> {
  if (options.passwordStdin === true) return { text: await passwordFromInput(), isGenerated: false }
  if (options.generate !== true && process.stdin.isTTY) {
    const typed = await askHidden(`Password for ${address} (empty: make one up): `)
    if (typed !== '') {
      if ((await askHidden('Again: ')) !== typed) throw new UsageError('the two passwords differ')
      return { text: typed, isGenerated: false }
    }
  }
  return { text: generatePassword(), isGenerated: true }
}

/** True when there is nobody to ask: a script that names one account means it. */
export async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) return true
  const { createInterface } = await import('node:readline/promises')
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(?:es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim())
  } finally {
    terminal.close()
  }
}

async function passwordFromInput(): Promise<string> {
  const password = (await text(process.stdin)).replace(/\r?\n$/, '')
  if (password === '') throw new UsageError('standard input has no password')
  return password
}

/** One line from the terminal, which shows nothing of it. */
async function askHidden(prompt: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises')
  const { Writable } = await import('node:stream')
  process.stderr.write(prompt)
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true })
  const interrupted = new Promise<never>((_, reject) => {
    terminal.once('SIGINT', () => reject(new UsageError('interrupted')))
  })
  try {
    return await Promise.race([terminal.question(''), interrupted])
  } finally {
    terminal.close()
    process.stderr.write('\n')
  }
}
