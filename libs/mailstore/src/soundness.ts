/** What must hold between the tables after every transaction: each query finds the rows that break a rule. */
export const soundness: Readonly<Record<string, string>> = {
  'every record has exactly one message': `SELECT record.id AS place FROM record
    WHERE (SELECT COUNT(*) FROM message WHERE message.record = record.id) <> 1`,
  'every message has a record of its size': `SELECT message.mailbox AS place FROM message
    LEFT JOIN record ON record.id = message.record WHERE record.size IS DISTINCT FROM message.size`,
  'every message and expunge is in a mailbox that can be selected': `SELECT mailbox AS place FROM
    (SELECT mailbox FROM message UNION SELECT mailbox FROM expunge) AS used
    WHERE mailbox NOT IN (SELECT id FROM mailbox WHERE NOT no_select)`,
  'every mailbox belongs to an active account': `SELECT id AS place FROM mailbox
    WHERE account NOT IN (SELECT id FROM account WHERE active)`,
  'the counters are what the messages say': `SELECT id AS place FROM mailbox
    WHERE (messages, size, unseen, recent) <> (SELECT COUNT(*), COALESCE(SUM(size), 0),
      COUNT(*) FILTER (WHERE flags & 1 = 0), COUNT(*) FILTER (WHERE uid >= recent_from) FROM message WHERE message.mailbox = mailbox.id)`,
  'the remembered expunges are counted': `SELECT id AS place FROM mailbox
    WHERE remembered <> (SELECT COUNT(*) FROM expunge WHERE expunge.mailbox = mailbox.id)`,
  'no uid and no modseq is ahead of its mailbox': `SELECT mailbox.id AS place FROM mailbox
    JOIN message ON message.mailbox = mailbox.id WHERE uid >= uid_next OR message.modseq > mailbox.modseq`,
  'no uid is both there and expunged': `SELECT mailbox AS place FROM message JOIN expunge USING (mailbox, uid)`,
  'no two mailboxes of an account have the same UIDVALIDITY': `SELECT MIN(id) AS place FROM mailbox
    GROUP BY account, uid_validity HAVING COUNT(*) > 1`,
  'a UIDVALIDITY is never ahead of the last one given': `SELECT mailbox.id AS place FROM mailbox
    JOIN account ON account.id = mailbox.account WHERE uid_validity > last_uid_validity`,
}
