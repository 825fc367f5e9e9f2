type Defined<T> = { readonly [Key in keyof T]: Exclude<T[Key], undefined> }

/** Without the fields that are undefined: absent in a contract is absent here, and the other way round. */
export function defined<T extends object>(fields: T): Defined<T> {
  const kept: Partial<T> = {}
  for (const name of Object.keys(fields) as (keyof T)[])
    if (fields[name] !== undefined) kept[name] = fields[name]
  return kept as Defined<T>
}
