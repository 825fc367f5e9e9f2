/** Graphic characters and spaces of US-ASCII, one at least: what may be repeated in a field of a notice. */
// RFC 3461 §4.2, RFC 3461 §4.4
export function isPrintable(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x20 || unit > 0x7e) return false
  }
  return text.length > 0
}
