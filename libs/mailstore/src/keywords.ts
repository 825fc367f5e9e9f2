/** Keywords of a row: separated by spaces. */
export function splitKeywords(keywords: string): readonly string[] {
  return keywords === '' ? [] : keywords.split(' ')
}
