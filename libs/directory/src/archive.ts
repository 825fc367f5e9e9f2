import { column, type ArchivedTables } from '@cartero/sql/archive'

const SCRAM = (hash: string, sqlite: string) => [
  column(`${hash}_salt`, 'octets', { sqlite: `${sqlite}_salt` }),
  column(`${hash}_iterations`, 'integer', { sqlite: `${sqlite}_iterations` }),
  column(`${hash}_stored_key`, 'octets', { sqlite: `${sqlite}_stored_key` }),
  column(`${hash}_server_key`, 'octets', { sqlite: `${sqlite}_server_key` }),
]

const TARGETS = `(SELECT json_group_array(target ORDER BY position) FROM alias_target WHERE alias = address)`

/** All that a directory keeps. Passwords that can be read again stay sealed: their key is not in the store, and does not travel. */
export const ARCHIVED_DIRECTORY: ArchivedTables = {
  tables: [
    {
      name: 'domain',
      columns: [
        column('id'),
        column('name', 'text'),
        column('catch_all', 'text'),
        column('postmaster', 'text'),
      ],
      key: ['id'],
    },
    {
      name: 'account',
      columns: [
        column('id'),
        column('address', 'text'),
        column('domain', 'text'),
        column('disabled', 'flag'),
        column('quota', 'wide'),
        column('reversible', 'flag'),
        column('clear_cram_md5', 'flag'),
      ],
      key: ['id'],
    },
    {
      name: 'credential',
      columns: [
        column('account', 'text'),
        column('hash', 'text'),
        ...SCRAM('sha256', 'scram'),
        ...SCRAM('sha1', 'sha1'),
        column('sealed_secret', 'octets'),
      ],
      key: ['account'],
    },
    {
      name: 'certificate',
      columns: [column('fingerprint', 'text'), column('account', 'text'), column('position')],
      key: ['fingerprint'],
    },
    {
      name: 'alias',
      columns: [
        column('address', 'text'),
        column('domain', 'text'),
        column('targets', 'list', { sqlite: TARGETS }),
      ],
      key: ['address'],
      also: 'INSERT OR IGNORE INTO alias_target (alias, position, target) SELECT ?1, key, value FROM json_each(?3)',
    },
    {
      name: 'collection',
      columns: [
        column('domain', 'text'),
        column('account', 'text'),
        column('quota', 'wide'),
        column('keep_seconds', 'wide'),
        column('contact', 'text'),
      ],
      key: ['domain'],
    },
    {
      // Of the decoys of SCRAM, and of senders that we have rewritten.
      name: 'secret',
      columns: [column('name', 'text'), column('octets', 'octets')],
      key: ['name'],
      isReplaced: true,
    },
  ],
  numbered: ['domain', 'account'],
}
