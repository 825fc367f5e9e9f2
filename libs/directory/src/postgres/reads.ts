import { type Queries, statement } from '@cartero/sql/postgres'
import type { Answers, Questions } from './known-records.ts'
import { type AnswerRow, answersOf } from './answer-rows.ts'

// Each answer is a row: what was asked, its key, and the answer as JSON, with large numbers and octets as text.

const DOMAIN = `jsonb_build_object('name', d.name, 'catchAll', d.catch_all, 'postmaster', d.postmaster,
  'collection', CASE WHEN c.domain IS NOT NULL THEN jsonb_build_object(
    'account', c.account, 'quota', c.quota::text, 'keepSeconds', c.keep_seconds::text, 'contact', c.contact) END)`

const DOMAINS = 'domain d LEFT JOIN collection c ON c.domain = d.name'

const ACCOUNT = `jsonb_build_object('address', a.address, 'domain', a.domain, 'disabled', a.disabled,
  'quota', a.quota::text, 'reversible', a.reversible, 'clearCramMd5', a.clear_cram_md5)`

const SCRAM = (hash: string): string =>
  `jsonb_build_object('salt', encode(${hash}_salt, 'hex'), 'iterations', ${hash}_iterations,
    'storedKey', encode(${hash}_stored_key, 'hex'), 'serverKey', encode(${hash}_server_key, 'hex'))`

/** Of an account that somebody reads: in a domain that is collected nobody does. */
const IS_READER =
  'NOT a.disabled AND NOT EXISTS (SELECT 1 FROM collection c WHERE c.domain = a.domain) ORDER BY a.id LIMIT 1'

/** What is found by keys, each of its own list of them; all in one statement, so that it is one round trip. */
const BY_KEY: readonly (readonly [asked: keyof Answers, answers: (keys: string) => string])[] = [
  ['domain', (keys) => `SELECT d.name, ${DOMAIN} FROM ${DOMAINS} WHERE d.name = ANY (${keys})`],
  ['account', (keys) => `SELECT a.address, ${ACCOUNT} FROM account a WHERE a.address = ANY (${keys})`],
  ['alias', (keys) => `SELECT address, to_jsonb(targets) FROM alias WHERE address = ANY (${keys})`],
  [
    'firstDomain',
    (keys) => `SELECT w.key, to_jsonb(f.name) FROM unnest(${keys}) AS w (key) CROSS JOIN LATERAL
      (SELECT d.name FROM ${DOMAINS} ORDER BY c.domain IS NOT NULL, d.id LIMIT 1) AS f`,
  ],
  [
    'firstAccount',
    (keys) => `SELECT w.key, to_jsonb(coalesce(
      (SELECT a.address FROM account a WHERE w.key <> '' AND a.domain = w.key AND ${IS_READER}),
      (SELECT a.address FROM account a WHERE w.key = '' AND ${IS_READER}))) FROM unnest(${keys}) AS w (key)`,
  ],
  [
    'credential',
    (keys) => `SELECT account, jsonb_build_object('hash', hash, 'sha256', ${SCRAM('sha256')},
      'sha1', CASE WHEN sha1_salt IS NOT NULL THEN ${SCRAM('sha1')} END, 'secret', encode(sealed_secret, 'hex'))
      FROM credential WHERE account = ANY (${keys})`,
  ],
  [
    'certificates',
    (keys) => `SELECT account, jsonb_agg(fingerprint ORDER BY position) FROM certificate
      WHERE account = ANY (${keys}) GROUP BY account`,
  ],
  [
    'accountOfCertificate',
    (keys) => `SELECT fingerprint, to_jsonb(account) FROM certificate WHERE fingerprint = ANY (${keys})`,
  ],
  [
    'domainsCollectedBy',
    (
      keys,
    ) => `SELECT c.account, jsonb_agg(${DOMAIN} ORDER BY d.name) FROM collection c JOIN domain d ON d.name = c.domain
      WHERE c.account = ANY (${keys}) GROUP BY c.account`,
  ],
  ['secret', (keys) => `SELECT name, to_jsonb(encode(octets, 'hex')) FROM secret WHERE name = ANY (${keys})`],
]

/** Their text; `EXPLAIN` shows that each is found by an index. */
export const READ_BY_KEY = statement(
  BY_KEY.map(
    ([asked, answers], nth) =>
      `SELECT '${asked}' AS asked, found.* FROM (${answers(`$${nth + 1}::text[]`)}) AS found (key, answer)`,
  ).join('\nUNION ALL\n'),
)

const ALL_DOMAINS = statement(`SELECT ${DOMAIN} AS answer FROM ${DOMAINS} ORDER BY d.name`)

/** Whole lists, which only operators ask for. */
const LISTS = {
  accounts: {
    all: statement(`SELECT ${ACCOUNT} AS answer FROM account a ORDER BY a.address`),
    ofDomain: statement(`SELECT ${ACCOUNT} AS answer FROM account a WHERE a.domain = $1 ORDER BY a.address`),
  },
  aliases: {
    all: statement('SELECT to_jsonb(alias) AS answer FROM alias ORDER BY address'),
    ofDomain: statement('SELECT to_jsonb(alias) AS answer FROM alias WHERE domain = $1 ORDER BY address'),
  },
} as const

/** Calls back with an answer to each question. */
export async function readAnswers(
  queries: Queries,
  questions: Questions,
  learn: <K extends keyof Answers>(asked: K, key: string, answer: Answers[K]) => void,
): Promise<void> {
  const rows = await Promise.all([
    readByKey(queries, questions),
    readDomains(queries, questions),
    readList(queries, 'accounts', questions),
    readList(queries, 'aliases', questions),
  ])
  answersOf(questions, rows.flat(), learn)
}

async function readByKey(queries: Queries, questions: Questions): Promise<readonly AnswerRow[]> {
  const keys = BY_KEY.map(([asked]) => [...(questions.get(asked) ?? [])].filter(isText))
  if (keys.every((list) => list.length === 0)) return []
  return await queries.rows<AnswerRow>(READ_BY_KEY, keys)
}

async function readDomains(queries: Queries, questions: Questions): Promise<readonly AnswerRow[]> {
  if (!questions.has('domains')) return []
  const rows = await queries.rows<{ answer: unknown }>(ALL_DOMAINS)
  return [{ asked: 'domains', key: '', answer: rows.map(({ answer }) => answer) }]
}

async function readList(
  queries: Queries,
  asked: keyof typeof LISTS,
  questions: Questions,
): Promise<readonly AnswerRow[]> {
  const { all, ofDomain } = LISTS[asked]
  const lists = [...(questions.get(asked) ?? [])].map(async (key) => {
    const rows = await (key === ''
      ? queries.rows<{ answer: unknown }>(all)
      : queries.rows<{ answer: unknown }>(ofDomain, [key]))
    return { asked, key, answer: rows.map(({ answer }) => answer) }
  })
  return await Promise.all(lists)
}

/** Postgres has no text with a NUL in it, so nobody is called that. */
function isText(key: string): boolean {
  return !key.includes('\0')
}
