import { statement } from '@cartero/sql/postgres'

/** Every value is a parameter. */
export const WRITES = {
  putDomain: statement(`INSERT INTO domain (name, catch_all, postmaster) VALUES ($1, $2, $3)
    ON CONFLICT (name) DO UPDATE SET catch_all = excluded.catch_all, postmaster = excluded.postmaster`),
  deleteDomain: statement('DELETE FROM domain WHERE name = $1'),
  putCollection: statement(`INSERT INTO collection (domain, account, quota, keep_seconds, contact)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (domain) DO UPDATE SET account = excluded.account, quota = excluded.quota,
      keep_seconds = excluded.keep_seconds, contact = excluded.contact`),
  deleteCollection: statement('DELETE FROM collection WHERE domain = $1'),

  putAccount: statement(`INSERT INTO account (address, domain, disabled, quota, reversible, clear_cram_md5)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (address) DO UPDATE SET disabled = excluded.disabled, quota = excluded.quota,
      reversible = excluded.reversible, clear_cram_md5 = excluded.clear_cram_md5`),
  deleteAccount: statement('DELETE FROM account WHERE address = $1'),

  putCredential: statement(`INSERT INTO credential (account, hash,
      sha256_salt, sha256_iterations, sha256_stored_key, sha256_server_key,
      sha1_salt, sha1_iterations, sha1_stored_key, sha1_server_key, sealed_secret)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT (account) DO UPDATE SET hash = excluded.hash,
      sha256_salt = excluded.sha256_salt, sha256_iterations = excluded.sha256_iterations,
      sha256_stored_key = excluded.sha256_stored_key, sha256_server_key = excluded.sha256_server_key,
      sha1_salt = excluded.sha1_salt, sha1_iterations = excluded.sha1_iterations,
      sha1_stored_key = excluded.sha1_stored_key, sha1_server_key = excluded.sha1_server_key,
      sealed_secret = excluded.sealed_secret`),

  deleteCertificates: statement('DELETE FROM certificate WHERE account = $1'),
  putCertificates: statement(`INSERT INTO certificate (account, fingerprint, position)
    SELECT $1, fingerprint, position FROM unnest($2::text[]) WITH ORDINALITY AS given (fingerprint, position)`),

  putAlias: statement(`INSERT INTO alias (address, domain, targets) VALUES ($1, $2, $3)
    ON CONFLICT (address) DO UPDATE SET targets = excluded.targets`),
  deleteAlias: statement('DELETE FROM alias WHERE address = $1'),
} as const
