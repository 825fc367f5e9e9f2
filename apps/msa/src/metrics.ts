import { counter } from '@cartero/agent/telemetry'
import { STAGES } from '@cartero/spool/reception'

export const METRICS = {
  sessions: counter({
    name: 'cartero_msa_sessions_total',
    doc: 'SMTP sessions that were opened on the submission ports',
  }),
  submitted: counter({
    name: 'cartero_msa_messages_submitted_total',
    doc: 'Messages accepted from our users',
  }),
  octets: counter({
    name: 'cartero_msa_submitted_bytes_total',
    doc: 'Octets of the messages accepted from our users',
  }),
  authentications: counter({
    name: 'cartero_msa_authentications_total',
    doc: 'SASL exchanges on the submission ports, by how they ended',
    labels: { outcome: ['success', 'failure'] },
  }),
  rejections: counter({
    name: 'cartero_msa_rejections_total',
    doc: 'What was refused on the submission ports, by the stage at which it was',
    labels: { at: STAGES },
  }),
  bugs: counter({
    name: 'cartero_msa_bugs_total',
    doc: 'Errors nobody foresaw; each is in the log with its stack',
  }),
}
