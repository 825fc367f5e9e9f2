// A whole SMTP server that throws everything away: listener, driver, machine and nothing behind it.
// usage: node tools/bench/discard-server.ts <port>
import { replies, serveSession, SmtpServerMachine, type SmtpSession } from '@cartero/smtp/server'
import { systemClock } from '@cartero/wire'
import { Listener } from '@cartero/wire/node'

const session: SmtpSession = {
  honours: () => ({ binary: true }),
  mail: () => undefined,
  rcpt: () => undefined,
  data: () => undefined,
  body: () => undefined,
  endOfData: () => replies.done,
  reset: () => undefined,
}

const listener = new Listener({
  host: '127.0.0.1',
  port: Number(process.argv[2]),
  clock: systemClock,
  accept: () => ({
    machine: new SmtpServerMachine(session, { hostname: 'sink.bench.test' }),
    decide: serveSession(session),
  }),
})
await listener.listen()
process.on('SIGTERM', () => void listener.drain(AbortSignal.abort()))
