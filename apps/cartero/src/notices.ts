import { randomBytes } from 'node:crypto'

import type { Logger } from '@cartero/agent/telemetry'
import type { ContentStore } from '@cartero/content'
import { noticeEvents } from '@cartero/mda-agent/agent'
import type { Intake } from '@cartero/spool'
import { Notices } from '@cartero/spool/notices'
import { systemClock } from '@cartero/wire'

import type { CarteroConfig } from './config.ts'

/** Who is told what became of mail; the letters go in by `intake`. */
export function noticesBy(
  { config, logger }: { readonly config: CarteroConfig; readonly logger: Logger },
  { intake, content }: { readonly intake: Intake; readonly content: ContentStore },
): Notices {
  return new Notices({
    intake,
    content,
    hostname: config.hostname,
    clock: systemClock,
    random: randomBytes,
    settings: {
      delayAfter: config.spool.delayNoticeAfter,
      giveUpAfter: config.spool.giveUpAfter,
      returnedOctets: config.spool.returnedSize,
    },
    sent: noticeEvents(logger.child({ agent: 'notices' })),
  })
}
