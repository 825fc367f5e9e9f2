type Defined<T> = { readonly [Key in keyof T]: Exclude<T[Key], undefined> }

/** Without the fields that are undefined: absent in a contract is absent here, and the other way round. */
export function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>
}
