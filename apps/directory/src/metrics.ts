import { counter } from '@cartero/agent/telemetry'

export const METRICS = {
  logins: counter({
    name: 'cartero_directory_logins_total',
    doc: 'Passwords that were checked, by how it ended; SCRAM is proven at the edge and not counted here',
    labels: { outcome: ['accepted', 'refused', 'unknown'] },
  }),
  changes: counter({
    name: 'cartero_directory_changes_total',
    doc: 'Changes that an operator made and that were kept, by what they were about',
    labels: { subject: ['domain', 'account', 'alias'] },
  }),
}
