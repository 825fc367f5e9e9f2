import type { Database } from '@cartero/sql/procedures'

/** What must hold between the tables after every transaction: each query finds the rows that break a rule. */
const rules: Readonly<Record<string, string>> = {
  'every record has exactly one message': `SELECT record.id AS row FROM record
    WHERE (SELECT COUNT(*) FROM message WHERE message.record = record.id) <> 1`,
  'every message has a record of its size': `SELECT message.mailbox AS row FROM message
    LEFT JOIN record ON record.id = message.record WHERE record.size IS NOT message.size`,
  'every message and expunge is in a mailbox that can be selected': `SELECT mailbox AS row FROM
    (SELECT mailbox FROM message UNION SELECT mailbox FROM expunge)
    WHERE mailbox NOT IN (SELECT id FROM mailbox WHERE no_select = 0)`,
  'every mailbox belongs to an active account': `SELECT id AS row FROM mailbox
    WHERE account NOT IN (SELECT id FROM account WHERE active = 1)`,
  'the counters are what the messages say': `SELECT id AS row FROM mailbox
    WHERE (messages, size, unseen, recent) <> (SELECT COUNT(*), COALESCE(SUM(size), 0),
      COALESCE(SUM(flags & 1 = 0), 0), COALESCE(SUM(uid >= recent_from), 0) FROM message WHERE message.mailbox = mailbox.id)`,
  'the remembered expunges are counted': `SELECT id AS row FROM mailbox
    WHERE remembered <> (SELECT COUNT(*) FROM expunge WHERE expunge.mailbox = mailbox.id)`,
  'no uid and no modseq is ahead of its mailbox': `SELECT mailbox.id AS row FROM mailbox
    JOIN message ON message.mailbox = mailbox.id WHERE uid >= uid_next OR message.modseq > mailbox.modseq`,
  'no uid is both there and expunged': `SELECT mailbox AS row FROM message JOIN expunge USING (mailbox, uid)`,
  'no two mailboxes of an account have the same UIDVALIDITY': `SELECT MIN(id) AS row FROM mailbox
    GROUP BY account, uid_validity HAVING COUNT(*) > 1`,
  'a UIDVALIDITY is never ahead of the last one given': `SELECT mailbox.id AS row FROM mailbox
    JOIN account ON account.id = mailbox.account WHERE uid_validity > last_uid_validity`,
}

/** Reads everything; each sentence is a rule that is broken, and where first. */
export function check(database: Database): string[] {
  const damage = database
    .prepare('PRAGMA integrity_check')
    .all()
    .map((row) => String(row['integrity_check']))
    .filter((line) => line !== 'ok')
  for (const [rule, query] of Object.entries(rules)) {
    const broken = database.prepare(`${query} LIMIT 1`).get()
    if (broken) damage.push(`not true: ${rule} (see ${String(broken['row'])})`)
  }
  return damage
}
