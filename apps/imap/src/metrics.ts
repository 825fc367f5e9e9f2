import { counter } from '@cartero/agent/telemetry'

export const METRICS = {
  sessions: counter({
    name: 'cartero_imap_sessions_total',
    doc: 'IMAP connections that were opened',
  }),
  authentications: counter({
    name: 'cartero_imap_authentications_total',
    doc: 'Logins over IMAP, by how they ended',
    labels: { outcome: ['success', 'failure', 'limit'] },
  }),
  appended: counter({
    name: 'cartero_imap_messages_appended_total',
    doc: 'Messages put into mailboxes by mail clients',
  }),
  rejections: counter({
    name: 'cartero_imap_connections_rejected_total',
    doc: 'Connections that came to nothing before there was a session',
  }),
  bugs: counter({
    name: 'cartero_imap_bugs_total',
    doc: 'Errors nobody foresaw, and stores that failed; each is in the log with its stack',
  }),
}
