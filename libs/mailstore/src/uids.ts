/** Uids that may be asked for, ascending, each once. */
export function ascendingUids(uids: readonly number[], lastUid: number): Uint32Array {
  const valid = uids.filter((uid) => Number.isInteger(uid) && uid > 0 && uid <= lastUid)
  if (valid.every((uid, at) => at === 0 || uid > (valid[at - 1] ?? 0))) return Uint32Array.from(valid)
  return Uint32Array.from(new Set(valid)).sort()
}

/** Every uid that was used and is not there. @param there ascending */
export function missingUids(there: Uint32Array, uidNext: number): Uint32Array {
  const missing = new Uint32Array(uidNext - 1 - there.length)
  let [next, count] = [1, 0]
  for (const uid of there) {
    while (next < uid) missing[count++] = next++
    next = uid + 1
  }
  while (next < uidNext) missing[count++] = next++
  return missing
}
