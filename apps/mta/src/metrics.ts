import { counter } from '@cartero/agent/telemetry'
import { STAGES } from '@cartero/spool/reception'

export const METRICS = {
  sessions: counter({
    name: 'cartero_mta_sessions_total',
    doc: 'SMTP sessions that were opened on the MX port',
  }),
  received: counter({ name: 'cartero_mta_messages_received_total', doc: 'Messages accepted on the MX port' }),
  octets: counter({
    name: 'cartero_mta_received_bytes_total',
    doc: 'Octets of the messages accepted on the MX port',
  }),
  rejections: counter({
    name: 'cartero_mta_rejections_total',
    doc: 'What was refused on the MX port, by the stage at which it was',
    labels: { at: STAGES },
  }),
  bugs: counter({
    name: 'cartero_mta_bugs_total',
    doc: 'Errors nobody foresaw; each is in the log with its stack',
  }),
}
