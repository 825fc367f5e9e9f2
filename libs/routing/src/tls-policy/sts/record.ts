/** The one record that announces a policy, with its number; `none` is no announcement, and `invalid` none that counts. */
export type StsAnnouncement =
  | { readonly kind: 'announced'; readonly id: string }
  | { readonly kind: 'none' }
  | { readonly kind: 'invalid'; readonly reason: string }

// RFC 8461 §3.1
const VERSION = /^v=STSv1[ \t]*(?:;|$)/
const FIELD = /^(?<name>[A-Za-z0-9][A-Za-z0-9_.-]{0,31})=(?<value>[!-:<>-~]+)$/
const ID = /^[A-Za-z0-9]{1,32}$/

/** Reads the TXT records of `_mta-sts.<domain>`: others may be there, two of the kind are as good as none. */
export function readStsRecords(records: readonly string[]): StsAnnouncement {
  const candidates = records.filter((record) => VERSION.test(record))
  const [record] = candidates
  if (record === undefined) return { kind: 'none' }
  if (candidates.length > 1) return { kind: 'invalid', reason: 'there are several MTA-STS records' }
  const [, ...fields] = record.split(/[ \t]*;[ \t]*/)
  if (fields.at(-1) === '') fields.pop()
  const read = fields.map((field) => FIELD.exec(field)?.groups)
  if (read.includes(undefined)) return { kind: 'invalid', reason: 'the MTA-STS record is no list of fields' }
  const id = read.find((field) => field?.['name'] === 'id')?.['value']
  if (id === undefined || !ID.test(id)) {
    return { kind: 'invalid', reason: 'the MTA-STS record has no id of letters and digits' }
  }
  return { kind: 'announced', id }
}
