import type { Accepted } from '@cartero/spool/reception'
import type { ConnectionFacts } from '@cartero/wire'
import { SubmissionSession, type SubmissionOptions } from '../session.ts'

/** A program on this machine that hands a message over itself: it is trusted, and may write in any name. */
export class LocalSession extends SubmissionSession {
  constructor(user: string, options: SubmissionOptions) {
    super(HERE, options)
    this.client.isLocal = true
    this.client.greeting = { verb: 'EHLO', name: user }
  }

  protected override get isOurNetwork(): boolean {
    return true
  }

  /** As `endOfData`, with all that is known. Throws ReplyError. */
  async end(): Promise<Accepted> {
    return this.submitted()
  }
}

const HERE: ConnectionFacts = {
  id: 'local',
  remoteAddress: '127.0.0.1',
  remotePort: 0,
  localAddress: '127.0.0.1',
  localPort: 0,
}
