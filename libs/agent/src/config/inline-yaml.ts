/** A value on one line of YAML: text is quoted only where YAML needs it. */
export function inline(raw: unknown): string {
  if (Array.isArray(raw)) return `[${raw.map(inline).join(', ')}]`
  if (typeof raw === 'object' && raw !== null) {
    const pairs = Object.entries(raw).map(([name, value]) => `${name}: ${inline(value)}`)
    return `{ ${pairs.join(', ')} }`
  }
  if (typeof raw !== 'string') return JSON.stringify(raw) ?? ''
  return /^[A-Za-z0-9/.~][A-Za-z0-9 /._@+-]*$/.test(raw) && !/^(?:true|false|null|~|[\d.+-]+)$/.test(raw)
    ? raw
    : JSON.stringify(raw)
}
