import type { Reply } from '../reply.ts'

/** What may be base64. */
const RUNS = /[A-Za-z0-9+/=]{6,}/g

/** Characters of a run that is taken for base64 whatever is in it. */
const LONG_RUN = 16

/** What was said at a login, with what may be repeated of it: servers quote lines that they do not understand. */
export function withoutSecret(
  reply: Reply,
  { username, password }: { readonly username: string; readonly password: string },
): Reply {
  const said = `\0${username}\0${password}`
  const blotted = (run: string): string =>
    run.length >= LONG_RUN || said.includes(Buffer.from(run, 'base64').toString()) ? '***' : run
  const lines = reply.lines.map((line) => line.replaceAll(password, '***').replace(RUNS, blotted))
  return { ...reply, lines }
}
