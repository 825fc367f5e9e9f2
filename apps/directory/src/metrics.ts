import { counter, gauge } from '@cartero/agent/telemetry'

export const METRICS = {
  logins: counter({
    name: 'cartero_directory_logins_total',
    doc: 'Proofs that were checked, of passwords, digests, tokens and certificates, by how it ended',
    labels: { outcome: ['accepted', 'refused', 'unknown'] },
  }),
  bans: counter({
    name: 'cartero_directory_bans_total',
    doc: 'Peers that were banned for guessing',
  }),
  banned: gauge({
    name: 'cartero_directory_banned_peers',
    doc: 'Peers that are turned away now because they guessed; restarting the process forgives them',
  }),
  changes: counter({
    name: 'cartero_directory_changes_total',
    doc: 'Changes that an operator made and that were kept, by what they were about',
    labels: { subject: ['domain', 'account', 'alias'] },
  }),
}
