import { formatPath, replyText } from '@cartero/smtp'
import { replies, serveSession, SmtpServerMachine, type SmtpSession } from '@cartero/smtp/server'
import { systemClock } from '@cartero/wire'
import { Listener } from '@cartero/wire/node'

export interface Taken {
  readonly from: string
  readonly to: readonly string[]
  readonly octets: Buffer
}

/** A host behind a peer: our server machine with a session that takes what comes and keeps it. It does not know DSN. */
export interface NextHop extends AsyncDisposable {
  readonly port: number
  /** What becomes of a message with a CR or LF on its own, in connections to come. */
  bareNewlines: 'reject' | 'clean'
  readonly taken: readonly Taken[]
  /** What was refused, and in which words. */
  readonly refusals: readonly string[]
}

export async function startNextHop(
  { host, port }: { readonly host: string; readonly port: number } = { host: '127.0.0.1', port: 0 },
): Promise<NextHop> {
  const taken: Taken[] = []
  const refusals: string[] = []
  const listener = new Listener({
    host,
    port,
    clock: systemClock,
    accept: () => {
      const session = takingSession((message) => taken.push(message))
      const machine = new SmtpServerMachine(session, {
        hostname: 'next.test',
        bareNewlines: hop.bareNewlines,
        observer: (event) => {
          if (event.kind === 'refused') refusals.push(`${event.verb}: ${replyText(event.reply)}`)
        },
      })
      return { machine, decide: serveSession(session) }
    },
  })
  await listener.listen()
  const hop: NextHop = {
    port: listener.port,
    bareNewlines: 'reject',
    taken,
    refusals,
    [Symbol.asyncDispose]: () => listener.drain(AbortSignal.abort()),
  }
  return hop
}

/** Refuses whom it does not know at RCPT, and what is for `content@` at the end of the message. */
function takingSession(take: (message: Taken) => void): SmtpSession {
  let from = ''
  let to: string[] = []
  let octets: Buffer[] = []
  const forget = (): void => {
    to = []
    octets = []
  }
  return {
    mail: ({ reversePath }) => {
      from = formatPath(reversePath)
      return undefined
    },
    rcpt: ({ forwardPath }) => {
      const path = formatPath(forwardPath)
      if (path.startsWith('nobody@')) return replies.noSuchMailbox
      to.push(path)
      return undefined
    },
    data: () => undefined,
    body: (bytes) => void octets.push(Buffer.from(bytes)),
    endOfData: () => {
      const message = { from, to, octets: Buffer.concat(octets) }
      forget()
      if (message.to.some((path) => path.startsWith('content@'))) return replies.loop
      take(message)
      return replies.queued('taken')
    },
    reset: forget,
  }
}
