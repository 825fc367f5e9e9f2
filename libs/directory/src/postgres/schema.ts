import type { StoreSchema } from '@cartero/sql/postgres'

/** What the directory is in Postgres. Addresses are compared octet for octet, whatever the language of the database. */
export const DIRECTORY_SCHEMA: StoreSchema = {
  store: 'directory',
  migrations: [
    {
      readableBy: 1,
      sql: `
  CREATE TABLE domain (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- the order of addition: the first one has the bare postmaster
    name        text COLLATE "C" NOT NULL UNIQUE,
    catch_all   text COLLATE "C" NOT NULL,
    postmaster  text COLLATE "C" NOT NULL
  );

  CREATE TABLE account (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- the order of addition: the first one is postmaster by default
    address        text COLLATE "C" NOT NULL UNIQUE,
    domain         text COLLATE "C" NOT NULL REFERENCES domain (name),
    disabled       boolean NOT NULL,
    quota          bigint NOT NULL,
    reversible     boolean NOT NULL,
    clear_cram_md5 boolean NOT NULL
  );
  CREATE INDEX account_by_domain ON account (domain, id);

  CREATE TABLE credential (
    account           text COLLATE "C" PRIMARY KEY REFERENCES account (address) ON DELETE CASCADE,
    hash              text NOT NULL,
    sha256_salt       bytea NOT NULL,
    sha256_iterations int NOT NULL,
    sha256_stored_key bytea NOT NULL,
    sha256_server_key bytea NOT NULL,
    sha1_salt         bytea, -- NULL where the password has not been seen since these are kept
    sha1_iterations   int,
    sha1_stored_key   bytea,
    sha1_server_key   bytea,
    sealed_secret     bytea -- the key to it is not in here
  );

  CREATE TABLE certificate (
    fingerprint text COLLATE "C" PRIMARY KEY, -- SHA-256 in lower-case hex: a certificate is one account's
    account     text COLLATE "C" NOT NULL REFERENCES account (address) ON DELETE CASCADE,
    position    int NOT NULL
  );
  CREATE INDEX certificate_by_account ON certificate (account, position);

  CREATE TABLE alias (
    address     text COLLATE "C" PRIMARY KEY,
    domain      text COLLATE "C" NOT NULL REFERENCES domain (name),
    targets     text[] COLLATE "C" NOT NULL
  );
  CREATE INDEX alias_by_domain ON alias (domain);

  CREATE TABLE collection (
    domain       text COLLATE "C" PRIMARY KEY REFERENCES domain (name) ON DELETE CASCADE,
    account      text COLLATE "C" NOT NULL REFERENCES account (address), -- who comes for the mail of the domain
    quota        bigint NOT NULL,
    keep_seconds bigint NOT NULL,
    contact      text COLLATE "C" NOT NULL
  );
  CREATE INDEX collection_by_account ON collection (account, domain);

  CREATE TABLE secret (
    name        text PRIMARY KEY,
    octets      bytea NOT NULL
  );
  -- A random UUID has 122 bits of the operating system's.
  INSERT INTO secret
    SELECT name, sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8'))
    FROM unnest(ARRAY['decoy', 'sender']) AS name;
`,
    },
  ],
}
