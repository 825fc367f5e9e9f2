import { counter } from '@cartero/agent/telemetry'
import { replies } from '@cartero/smtp/server'
import { TURN_ENDINGS } from '@cartero/spool/dispatch'
import { STAGES } from '@cartero/spool/reception'

/** What requests to turn are answered; no more than these. */
// RFC 2645 §8
export const ANSWERS: readonly string[] = [
  replies.turning,
  replies.tooManyCommands(''),
  replies.turnRefused,
  replies.cannotTurnNow,
  replies.noMailWaiting,
].map(({ code }) => String(code))

export const METRICS = {
  sessions: counter({
    name: 'cartero_odmr_sessions_total',
    doc: 'Sessions that were opened on the ports where customers come for their mail',
  }),
  authentications: counter({
    name: 'cartero_odmr_authentications_total',
    doc: 'SASL exchanges on the ports where customers come for their mail, by how they ended',
    labels: { outcome: ['success', 'failure'] },
  }),
  requests: counter({
    name: 'cartero_odmr_requests_total',
    doc: 'Requests to turn a connection around (ATRN, TURN) that were decided, by the reply: 453 is no mail, 250 a turn',
    labels: { reply: ANSWERS },
  }),
  turns: counter({
    name: 'cartero_odmr_turns_total',
    doc: 'Turns that ended: complete; stopped by us, for time or because the process left; or the customer was gone, silent, or would not have it',
    labels: { ending: TURN_ENDINGS },
  }),
  rejections: counter({
    name: 'cartero_odmr_rejections_total',
    doc: 'What was refused on the ports where customers come for their mail, by the stage at which it was',
    labels: { at: STAGES },
  }),
  bugs: counter({
    name: 'cartero_odmr_bugs_total',
    doc: 'Errors nobody foresaw; each is in the log with its stack',
  }),
}
