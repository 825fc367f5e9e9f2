import type { Database } from '@cartero/sql'

type Statement = ReturnType<Database['prepare']>

const ALIASES = 'SELECT address, domain, target FROM alias JOIN alias_target ON alias = address'

const ACCOUNTS = 'SELECT address, domain, disabled, quota, reversible, clear_cram_md5 FROM account'

const DOMAINS = `SELECT name, catch_all, postmaster, account, quota, keep_seconds, contact
  FROM domain LEFT JOIN collection ON domain = name`

/** Of an account that nobody reads mail of, because it all waits for a customer. */
const IS_READER =
  'disabled = 0 AND NOT EXISTS (SELECT 1 FROM collection WHERE collection.domain = account.domain)'

/** All statements of the store, by what they are for. */
const SQL = {
  domain: `${DOMAINS} WHERE name = ?`,
  firstDomain: 'SELECT name FROM domain ORDER BY id LIMIT 1',
  firstReadDomain: `SELECT name FROM domain
    WHERE NOT EXISTS (SELECT 1 FROM collection WHERE domain = name) ORDER BY id LIMIT 1`,
  domains: `${DOMAINS} ORDER BY name`,
  putDomain: `INSERT INTO domain (name, catch_all, postmaster) VALUES (?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET catch_all = excluded.catch_all, postmaster = excluded.postmaster`,
  deleteDomain: 'DELETE FROM domain WHERE name = ?',
  putCollection: `INSERT OR REPLACE INTO collection (domain, account, quota, keep_seconds, contact)
    VALUES (?, ?, ?, ?, ?)`,
  deleteCollection: 'DELETE FROM collection WHERE domain = ?',
  domainsCollectedBy: `${DOMAINS} WHERE account = ? ORDER BY name`,

  account: `${ACCOUNTS} WHERE address = ?`,
  firstAccount: `SELECT address FROM account WHERE ${IS_READER} ORDER BY id LIMIT 1`,
  firstAccountOf: `SELECT address FROM account WHERE domain = ? AND ${IS_READER} ORDER BY id LIMIT 1`,
  accounts: `${ACCOUNTS} ORDER BY address`,
  accountsOf: `${ACCOUNTS} WHERE domain = ? ORDER BY address`,
  putAccount: `INSERT INTO account (address, domain, disabled, quota, reversible, clear_cram_md5)
    VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (address) DO UPDATE
      SET disabled = excluded.disabled, quota = excluded.quota, reversible = excluded.reversible,
        clear_cram_md5 = excluded.clear_cram_md5`,
  deleteAccount: 'DELETE FROM account WHERE address = ?',

  credential: 'SELECT * FROM credential WHERE account = ?',
  putCredential: `INSERT OR REPLACE INTO credential (account, hash,
    scram_salt, scram_iterations, scram_stored_key, scram_server_key,
    sha1_salt, sha1_iterations, sha1_stored_key, sha1_server_key, sealed_secret)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,

  certificates: 'SELECT fingerprint FROM certificate WHERE account = ? ORDER BY position',
  deleteCertificates: 'DELETE FROM certificate WHERE account = ?',
  putCertificate: 'INSERT INTO certificate (fingerprint, account, position) VALUES (?, ?, ?)',
  accountOfCertificate: 'SELECT account FROM certificate WHERE fingerprint = ?',

  aliasTargets: 'SELECT target FROM alias_target WHERE alias = ? ORDER BY position',
  aliases: `${ALIASES} ORDER BY address, position`,
  aliasesOf: `${ALIASES} WHERE domain = ? ORDER BY address, position`,
  putAlias: 'INSERT INTO alias (address, domain) VALUES (?, ?)',
  putAliasTarget: 'INSERT INTO alias_target (alias, position, target) VALUES (?, ?, ?)',
  deleteAlias: 'DELETE FROM alias WHERE address = ?',

  decoyKey: "SELECT octets FROM secret WHERE name = 'decoy'",
  senderKey: "SELECT octets FROM secret WHERE name = 'sender'",
} as const

export type Statements = Readonly<Record<keyof typeof SQL, Statement>>

export function prepareStatements(database: Database): Statements {
  const statements = Object.fromEntries(
    Object.entries(SQL).map(([name, sql]) => [name, database.prepare(sql)]),
  ) as Record<keyof typeof SQL, Statement>
  // A quota is a 64-bit integer, which a JavaScript number does not hold.
  for (const name of WITH_QUOTA) statements[name].setReadBigInts(true)
  return statements
}

const WITH_QUOTA = ['domain', 'domains', 'domainsCollectedBy', 'account', 'accounts', 'accountsOf'] as const
