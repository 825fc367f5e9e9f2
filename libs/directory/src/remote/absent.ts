/** Without the fields that are undefined: what is absent in a contract is absent here. */
export function withoutAbsent<T extends object>(message: T): T {
  return Object.fromEntries(Object.entries(message).filter(([, value]) => value !== undefined)) as T
}
