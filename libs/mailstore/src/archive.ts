import { column, type ArchivedTables } from '@cartero/sql/archive'

/** All that a mailstore keeps: every number stays what it is, so that clients notice nothing. */
export const ARCHIVED_MAILSTORE: ArchivedTables = {
  tables: [
    {
      name: 'account',
      columns: [
        column('id'),
        column('name', 'text'),
        column('active', 'flag'),
        column('quota'),
        column('last_uid_validity'),
      ],
      key: ['id'],
    },
    {
      name: 'mailbox',
      columns: [
        column('id'),
        column('account'),
        column('name', 'text'),
        column('uid_validity'),
        column('no_select', 'flag'),
        column('special_use', 'text'),
        column('uid_next'),
        column('modseq'),
        column('messages'),
        column('unseen'),
        column('size'),
        column('recent'),
        column('recent_from'),
        column('remembered'),
        column('forgotten'),
        column('keywords', 'text'),
      ],
      key: ['id'],
    },
    { name: 'subscription', columns: [column('account'), column('name', 'text')], key: ['account', 'name'] },
    {
      name: 'record',
      columns: [
        column('id'),
        column('content', 'text'),
        column('internal_date'),
        column('size'),
        column('prefix', 'octets'),
        column('structure', 'utf8'),
      ],
      key: ['id'],
      content: 'content',
      // Structures may be large, those of very many parts.
      portion: 500,
    },
    {
      name: 'message',
      columns: [
        column('mailbox'),
        column('uid'),
        column('modseq'),
        column('flags'),
        column('keywords', 'text'),
        column('size'),
        column('record'),
      ],
      key: ['mailbox', 'uid'],
      portion: 2_000,
    },
    {
      name: 'expunge',
      columns: [column('mailbox'), column('modseq'), column('uid')],
      key: ['mailbox', 'modseq', 'uid'],
      portion: 2_000,
    },
    {
      name: 'delivered',
      columns: [column('account'), column('key', 'text'), column('at')],
      key: ['account', 'key'],
    },
  ],
  numbered: ['mailbox'],
  sequences: { account: 'account_id_seq', record: 'record_number' },
}
